"""Claims on the engine for every architecture: exact rows, quiet choices, whole round trips."""

from __future__ import annotations

import dataclasses
import logging
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from model.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from model.folding import fold_batch_norm
from model.generators import build_generator
from model.golden import GOLDEN_SEEDS, Golden, pixel_hashes
from model.inference import InferenceEngine, InferenceError
from model.latents import sample_latents
from model.precision import Precision, fast_precisions
from model.provenance import Provenance
from model.spec import GeneratorSpec

MOST = 12
ARCHITECTURES = ("dcgan", "mlp", "palette", "pixel", "resize", "resnet", "upsample")
SHAPES = [(16, None), (32, 24), (20, 28)]

# With attention, with classes, of two sides: each architecture as hard as it comes.
HARD = {
    "dcgan": GeneratorSpec("dcgan", 32, 3, 6, 3, 4, img_width=24, attention_resolution=8),
    "mlp": GeneratorSpec("mlp", 32, 3, 6, 3, 2, img_width=24),
    "palette": GeneratorSpec("palette", 32, 3, 6, 3, 4, img_width=24, attention_resolution=8),
    "pixel": GeneratorSpec("pixel", 32, 3, 6, 3, 4, img_width=24, attention_resolution=8),
    "resize": GeneratorSpec("resize", 32, 3, 6, 3, 4, img_width=24, attention_resolution=8),
    "resnet": GeneratorSpec("resnet", 32, 3, 6, 3, 4, img_width=24),
    "upsample": GeneratorSpec("upsample", 32, 3, 6, 3, 4, img_width=24, attention_resolution=8),
}


def draft_of(spec: GeneratorSpec) -> Checkpoint:
    """Make a checkpoint, with no golden pixels yet, whose weights have all left zero."""
    torch.manual_seed(11)
    generator = build_generator(spec)
    for weight in generator.parameters():
        weight.data.add_(torch.randn_like(weight), alpha=0.1)
    return Checkpoint(
        spec=spec,
        weights=generator.state_dict(),
        golden=Golden.unknown(spec),
        provenance=Provenance(),
        class_names=tuple("abc"[: spec.num_classes]),
    )


def render(draft: Checkpoint, precision: str = "float32") -> InferenceEngine:
    return InferenceEngine(
        draft, device="cpu", precision=precision, max_batch_size=MOST, is_golden_checked=False
    )


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take any precision: random weights are no measure of how near is near enough."""
    monkeypatch.setattr("model.numeric_path._MIN_PSNR_DB", 15.0)


@pytest.mark.usefixtures("lenient")
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("precision", [Precision.BFLOAT16, Precision.FLOAT32])
def test_a_seed_gives_the_same_bytes_alone_and_at_every_row_of_every_batch_size(
    architecture: str, precision: Precision
) -> None:
    if precision not in fast_precisions(torch.device("cpu")):
        pytest.skip(f"this CPU has no fast instructions for {precision}")
    engine = render(draft_of(HARD[architecture]), precision)
    latents = sample_latents(engine.spec, range(MOST))
    rows = [latents.rows(row, row + 1) for row in range(MOST)]
    alone = np.concatenate([engine.generate_pixels(row) for row in rows])
    assert len({image.tobytes() for image in alone}) == MOST
    rng = random.Random(2)
    assert engine.facts.batch_shapes == (1, 2, 3, 4, 5, 6, 7, 8, 10, 12)  # none was dropped
    for size in range(1, MOST + 1):
        for _ in range(4):
            seeds = rng.sample(range(MOST), size)
            pixels = engine.generate_pixels(sample_latents(engine.spec, seeds))
            assert np.array_equal(pixels, alone[seeds])


@pytest.mark.usefixtures("lenient")
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_has_no_8_bits_is_served_in_floating_point_without_a_warning(
    architecture: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fast = (Precision.INT8, Precision.FLOAT32)
    monkeypatch.setattr("model.numeric_path.fast_precisions", lambda _device: fast)
    draft = draft_of(HARD[architecture])
    with caplog.at_level(logging.WARNING):
        assert render(draft, "auto").facts.precision == Precision.FLOAT32
    assert not caplog.records
    with pytest.raises(InferenceError, match="precision 'int8' cannot be used: int8: only "):
        render(draft, "int8")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("classes", [0, 3])
def test_a_checkpoint_is_read_and_served_as_it_was_written(
    architecture: str, shape: tuple[int, int | None], channels: int, classes: int, tmp_path: Path
) -> None:
    spec = GeneratorSpec(architecture, shape[0], channels, 5, classes, 2, img_width=shape[1])
    draft = draft_of(spec)
    engine = render(draft)
    golden = Golden(
        engine.golden_pixels, {engine.facts.numeric_path: pixel_hashes(engine.golden_pixels)}
    )
    path = tmp_path / "it.safetensors"
    write_checkpoint(dataclasses.replace(draft, golden=golden), path)
    checkpoint = read_checkpoint(path)
    assert checkpoint.spec == spec
    served = InferenceEngine(checkpoint, device="cpu", precision="float32", max_batch_size=2)
    assert served.facts.golden_verdict == "exact"
    pixels = served.golden_pixels
    assert pixels.shape == (len(GOLDEN_SEEDS), *spec.img_size, channels)
    # Against the network itself, as training holds it.
    generator = build_generator(spec)
    generator.load_state_dict(dict(draft.weights))
    latents = sample_latents(spec, GOLDEN_SEEDS)
    labels = None if latents.labels is None else torch.from_numpy(latents.labels)
    with torch.no_grad():
        images = generator.eval()(torch.from_numpy(latents.z), labels).double()
    levels = (images.permute(0, 2, 3, 1).numpy() + 1) * 127.5
    assert np.abs(pixels - levels).max() < 0.51


@torch.no_grad()
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_folding_leaves_the_function_as_it_was(architecture: str) -> None:
    spec = HARD[architecture]
    torch.manual_seed(5)
    generator = build_generator(spec).eval()
    generator.load_state_dict(dict(draft_of(spec).weights))
    z, labels = torch.randn(4, spec.z_dim), torch.tensor([0, 1, 2, 0])
    folded = fold_batch_norm(generator)
    torch.testing.assert_close(folded(z, labels), generator(z, labels), atol=1e-5, rtol=1e-5)
    has_norms = any(isinstance(part, torch.nn.BatchNorm2d) for part in folded.modules())
    assert has_norms == (architecture == "resnet")  # its convolutions come after them


_FIRST_PASSES = """
import threading
import torch
from model.golden import Golden
from model.inference import InferenceEngine
from model.latents import sample_latents
from model.checkpoint import Checkpoint
from model.generators import build_generator
from model.provenance import Provenance
from model.spec import GeneratorSpec

torch.manual_seed(11)
spec = GeneratorSpec("dcgan", 20, 4, 5, 0, 2, img_width=28)
weights = build_generator(spec).state_dict()
draft = Checkpoint(spec, weights, Golden.unknown(spec), Provenance())
engine = InferenceEngine(draft, device="cpu", precision="float32", is_golden_checked=False)
latents = sample_latents(spec, [1000])
images = []
def render():
    images.extend(engine._images(latents).clone() for _ in range(2))
for _ in range(3):
    thread = threading.Thread(target=render)
    thread.start()
    thread.join()
print(all(torch.equal(image, images[0]) for image in images))
"""


@pytest.mark.parametrize("threads", ["1", "2", "4"])
def test_the_first_pass_of_a_thread_gives_the_bits_of_all_later_ones(threads: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_PASSES],
        env=os.environ | {"OMP_NUM_THREADS": threads},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "True"

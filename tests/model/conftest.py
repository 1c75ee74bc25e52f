from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from model.checkpoint import Checkpoint, write_checkpoint
from model.generators import build_generator
from model.golden import GOLDEN_SEEDS, Golden, pixel_hashes
from model.inference import InferenceEngine
from model.latents import sample_latents
from model.precision import Precision, fast_precisions
from model.provenance import Provenance
from model.spec import GeneratorSpec

PLAIN = GeneratorSpec("dcgan", 16, 3, z_dim=5, base_channels=2)
CLASSES = GeneratorSpec("dcgan", 16, 1, z_dim=5, num_classes=3, base_channels=2)
CLASS_NAMES = ("cat", "dog", "owl")

needs_int8 = pytest.mark.skipif(
    Precision.INT8 not in fast_precisions(torch.device("cpu")),
    reason="this CPU has no AVX512-VNNI, without which the sums of 8-bit products may saturate",
)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def make(spec: GeneratorSpec) -> Checkpoint:
    """Return a checkpoint with weights large enough to use the whole range of pixels."""
    torch.manual_seed(11)
    weights = {
        name: tensor * 20 if tensor.ndim == 4 else tensor
        for name, tensor in build_generator(spec).state_dict().items()
    }
    draft = Checkpoint(
        spec=spec,
        weights=weights,
        golden=Golden.unknown(spec),
        provenance=Provenance(preset="tiny", dataset="none", images_seen=7, scores={"fid": 1.5}),
        class_names=CLASS_NAMES[: spec.num_classes],
        attribute_names=("hat",),
    )
    engine = InferenceEngine(
        draft, device="cpu", precision="float32", max_batch_size=4, is_golden_checked=False
    )
    pixels = engine.generate_pixels(sample_latents(spec, GOLDEN_SEEDS))
    golden = Golden(pixels, {engine.facts.numeric_path: pixel_hashes(pixels)})
    return dataclasses.replace(draft, golden=golden)


@pytest.fixture(scope="session")
def make_checkpoint() -> Callable[[GeneratorSpec], Checkpoint]:
    return make


@pytest.fixture(scope="session")
def plain_checkpoint() -> Checkpoint:
    """An unconditional 16 x 16 RGB checkpoint."""
    return make(PLAIN)


@pytest.fixture(scope="session")
def class_checkpoint() -> Checkpoint:
    """A conditional 16 x 16 gray checkpoint of three classes: cat, dog and owl."""
    return make(CLASSES)


@pytest.fixture(scope="session")
def oblong_checkpoint() -> Checkpoint:
    """A conditional 24 x 16 checkpoint with an alpha channel."""
    return make(dataclasses.replace(CLASSES, img_resolution=24, img_width=16, img_channels=4))


@pytest.fixture(scope="session")
def smooth_checkpoint() -> Checkpoint:
    """A conditional 24 x 16 checkpoint with an alpha channel, of resize-convolutions."""
    return make(
        dataclasses.replace(
            CLASSES, architecture="resize", img_resolution=24, img_width=16, img_channels=4
        )
    )


@pytest.fixture(scope="session")
def palette_checkpoint() -> Checkpoint:
    """A conditional 24 x 16 checkpoint with an alpha channel, of mixed colours."""
    return make(
        dataclasses.replace(
            CLASSES, architecture="palette", img_resolution=24, img_width=16, img_channels=4
        )
    )


@pytest.fixture(scope="session")
def pixel_checkpoint() -> Checkpoint:
    """A conditional 16 x 16 RGB checkpoint of mixed colours, whose pixels are apart."""
    return make(dataclasses.replace(CLASSES, architecture="pixel", img_channels=3))


@pytest.fixture(scope="session")
def plain_file(plain_checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain") / "plain.safetensors"
    write_checkpoint(plain_checkpoint, path)
    return path


@pytest.fixture(scope="session")
def class_file(class_checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("classes") / "classes.safetensors"
    write_checkpoint(class_checkpoint, path)
    return path


@pytest.fixture(
    params=[
        (name, precision)
        for name in ("plain", "class", "oblong")
        for precision in (Precision.INT8, Precision.BFLOAT16, Precision.FLOAT32)
    ],
    ids=lambda param: f"{param[0]}-{param[1]}",
)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> InferenceEngine:
    """Return an engine of either checkpoint in every precision that this CPU is fast in."""
    name, precision = request.param
    if precision not in fast_precisions(torch.device("cpu")):
        pytest.skip(f"this CPU has no fast instructions for {precision}")
    # A network of two channels and random weights is no measure of how near is near enough.
    monkeypatch.setattr("model.numeric_path._MIN_PSNR_DB", 20.0)
    checkpoint: Checkpoint = request.getfixturevalue(f"{name}_checkpoint")
    return InferenceEngine(checkpoint, device="cpu", precision=precision, max_batch_size=16)

"""Claims that only a GPU can answer; `pytest -m gpu` runs them where there is one."""

from __future__ import annotations

import dataclasses
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from benchmarks.gpu_engine import SPEC, make_checkpoint
from model.checkpoint import Checkpoint
from model.cuda_graphs import GraphedGenerator
from model.floating import FloatGenerator
from model.folding import fold_batch_norm
from model.generators import build_generator
from model.golden import Golden
from model.inference import InferenceEngine, InferenceError, require_exact_kernels
from model.latents import sample_latents
from model.numeric_path import to_tensors
from model.pixels import to_pixels
from model.recorders import make_recorders
from model.spec import GeneratorSpec

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
    pytest.mark.timeout(600),
]

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
CLASSES = GeneratorSpec("dcgan", 32, 1, z_dim=20, num_classes=10, base_channels=16)
PRECISIONS = ("float32", "float16", "bfloat16")
SHAPES = (1, 4, 32)
LANES = 4
COUNT = 512


def make_engine(precision: str = "auto", most: int = 64, lanes: int = LANES) -> InferenceEngine:
    return InferenceEngine(
        make_checkpoint(),
        device="cuda",
        precision=precision,
        lanes=lanes,
        max_batch_size=most,
        is_golden_checked=False,
    )


def render(engine: InferenceEngine, count: int, step: int) -> NDArray[np.uint8]:
    latents = sample_latents(engine.spec, range(count))
    parts = latents.split(step)
    return np.concatenate([engine.generate_pixels(part) for part in parts])


def make_path(spec: GeneratorSpec, dtype: torch.dtype) -> FloatGenerator:
    require_exact_kernels()
    torch.manual_seed(3)
    generator = build_generator(spec).eval().requires_grad_(False)
    if spec == SPEC:
        generator.load_state_dict(dict(make_checkpoint().weights))
    return FloatGenerator(fold_batch_norm(generator), CUDA, dtype)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_seed_gives_the_same_bytes_in_every_batch_on_every_lane(precision: str) -> None:
    engine = make_engine(precision)
    alone = render(engine, COUNT, 1)
    assert len({image.tobytes() for image in alone}) == COUNT

    def differs(turn: int) -> bool:
        rng = random.Random(turn)
        seeds = rng.sample(range(COUNT), rng.randint(1, engine.facts.batch_shapes[-1]))
        return not np.array_equal(engine.generate_pixels(sample_latents(SPEC, seeds)), alone[seeds])

    with ThreadPoolExecutor(2 * LANES) as threads:
        assert not any(threads.map(differs, range(400)))
    engine.check_golden()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_no_setting_moves_a_pixel(precision: str) -> None:
    first, second = (make_engine(precision, most, lanes) for most, lanes in ((4, 1), (128, 3)))
    step = first.facts.batch_shapes[-1]
    assert np.array_equal(render(first, 64, step), render(second, 64, 64))


@pytest.mark.parametrize("spec", [SPEC, CLASSES], ids=["plain", "classes"])
def test_buffers_are_reused_and_results_kept_while_lanes_overlap(spec: GeneratorSpec) -> None:
    graphed = GraphedGenerator(
        make_path(spec, torch.float16), spec, SHAPES, make_recorders(CUDA, LANES)
    )

    def work(turn: int) -> tuple[torch.Tensor, torch.Tensor]:
        shape = SHAPES[turn % len(SHAPES)]
        tensors = to_tensors(sample_latents(spec, range(turn, turn + shape)), CPU)
        return graphed.pixels(*tensors), to_pixels(graphed.images(*tensors))

    one_by_one = [work(turn) for turn in range(120)]
    with ThreadPoolExecutor(3 * LANES) as threads:
        at_once = list(threads.map(work, range(120)))
    for (pixels, rounded), (pixels_then, _) in zip(at_once, one_by_one, strict=True):
        assert pixels.device == CPU
        assert not pixels.is_pinned()
        assert torch.equal(pixels, rounded)
        assert torch.equal(pixels, pixels_then)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_half_precision_is_within_40_db_of_float32(precision: str) -> None:
    reference = render(make_engine("float32"), 256, 32).astype(np.float64)
    engine = make_engine(precision)
    mean_square = ((render(engine, 256, 32) - reference) ** 2).mean()
    assert 10 * np.log10(255**2 / mean_square) >= 40
    assert engine.facts.psnr_db is not None
    assert engine.facts.psnr_db >= 40


def test_float16_is_what_a_gpu_chooses_and_int8_is_refused() -> None:
    facts = make_engine().facts
    assert facts.precision == "float16"
    assert "-cudnn" in facts.numeric_path
    with pytest.raises(InferenceError, match="cuda has no fast instructions for int8"):
        make_engine("int8")


def test_a_recording_is_the_pass_itself() -> None:
    path = make_path(SPEC, torch.float32)
    graphed = GraphedGenerator(path, SPEC, SHAPES, make_recorders(CUDA, 2))
    for shape in SHAPES:
        z, _ = to_tensors(sample_latents(SPEC, range(shape)), CPU)
        expected = path.images(z.cuda(), None).cpu()
        assert torch.allclose(graphed.images(z, None), expected, rtol=0, atol=1e-4)


def test_a_shape_that_was_not_recorded_is_refused_and_harms_nothing() -> None:
    graphed = GraphedGenerator(
        make_path(SPEC, torch.float16), SPEC, SHAPES, make_recorders(CUDA, 1)
    )
    z, _ = to_tensors(sample_latents(SPEC, range(5)), CPU)
    with pytest.raises(ValueError, match="recorded, 1, 4, 32; not 5"):
        graphed.pixels(z, None)
    assert graphed.pixels(z[:4], None).shape == (4, 64, 64, 3)


def test_an_engine_is_gone_without_harm_to_another() -> None:
    kept = make_engine("float16", 8)
    before = render(kept, 16, 8)
    for _ in range(3):
        make_engine("float32", 8)  # dropped at once: its graphs and streams with it
    torch.cuda.empty_cache()
    assert np.array_equal(render(kept, 16, 8), before)


def test_an_exporters_golden_seeds_are_close_on_a_gpu() -> None:
    draft = make_checkpoint()
    exporter = InferenceEngine(
        draft, device="cpu", precision="float32", max_batch_size=1, is_golden_checked=False
    )
    checkpoint: Checkpoint = dataclasses.replace(draft, golden=Golden(exporter.golden_pixels))
    assert InferenceEngine(checkpoint, device="cuda", lanes=2).facts.golden_verdict == "close"

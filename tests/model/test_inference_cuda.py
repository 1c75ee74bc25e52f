"""Claims on the rules of an engine on CUDA, tried on the CPU: recorded, and held to one shape."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from model.checkpoint import Checkpoint
from model.cuda_graphs import GraphedGenerator
from model.floating import FloatGenerator
from model.folding import fold_batch_norm
from model.generators import build_generator
from model.inference import InferenceEngine, InferenceError, _plan_shapes
from model.latents import sample_latents
from model.numeric_path import NumericPath, _is_native, to_tensors
from model.precision import Precision
from model.recorders import make_recorders
from model.spec import GeneratorSpec

CPU = torch.device("cpu")
SPEC = GeneratorSpec("dcgan", 16, 3, z_dim=5, base_channels=2)  # of `plain_checkpoint`


@pytest.mark.parametrize(
    ("most", "shapes"),
    [
        (1, [1, 32]),
        (8, [1, 2, 4, 8, 32]),
        (32, [1, 2, 4, 8, 16, 32]),
        (100, [1 << n for n in range(7)]),
    ],
)
def test_cuda_gets_powers_of_two_and_always_the_reference(most: int, shapes: list[int]) -> None:
    assert _plan_shapes(torch.device("cuda"), most) == shapes


def test_bfloat16_is_native_on_cuda_where_the_gpu_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for has_it in (True, False):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda has=has_it, **_: has)
        assert _is_native(torch.device("cuda"), Precision.BFLOAT16) == has_it
        assert not _is_native(torch.device("cuda"), Precision.INT8)
        assert not _is_native(CPU, Precision.BFLOAT16)


class CudaRules:
    """An engine of the CPU by the rules of CUDA, with a reference of 4 rows.

    Every row is computed alone, so that every CPU agrees, then spoiled as a test likes.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.spoil: Callable[[Tensor], None] = lambda _: None
        forward = FloatGenerator.images

        def images(path: FloatGenerator, z: Tensor, labels: Tensor | None) -> Tensor:
            assert labels is None
            images = torch.cat([forward(path, row, None) for row in z.split(1)])
            self.spoil(images)
            return images

        def record(_: object, path: NumericPath, shapes: list[int], lanes: int) -> NumericPath:
            return GraphedGenerator(path, SPEC, shapes, make_recorders(CPU, lanes))

        monkeypatch.setattr(FloatGenerator, "images", images)
        monkeypatch.setattr(InferenceEngine, "_record", record)
        monkeypatch.setattr("model.inference._reference", lambda _: (4, 16))
        monkeypatch.setattr("model.inference._plan_shapes", lambda *_: [1, 2, 4, 8])

    def make(self, checkpoint: Checkpoint, most: int = 8) -> InferenceEngine:
        return InferenceEngine(
            *(checkpoint,), device="cpu", precision="float32", lanes=2, max_batch_size=most
        )


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> CudaRules:
    return CudaRules(monkeypatch)


def test_a_recorded_engine_gives_the_pixels_of_a_plain_one(
    plain_checkpoint: Checkpoint, rules: CudaRules
) -> None:
    recorded = rules.make(plain_checkpoint)
    assert recorded.facts.batch_shapes == (1, 2, 4, 8)
    assert isinstance(recorded._path, GraphedGenerator)
    path = make_plain_path(plain_checkpoint)
    for count in range(1, 9):
        latents = sample_latents(SPEC, range(count))
        expected = path.pixels(*to_tensors(latents, CPU)).numpy()
        assert (recorded.generate_pixels(latents) == expected).all()
    recorded.check_golden()


def make_plain_path(checkpoint: Checkpoint) -> FloatGenerator:
    generator = build_generator(checkpoint.spec).eval().requires_grad_(False)
    generator.load_state_dict(dict(checkpoint.weights))
    return FloatGenerator(fold_batch_norm(generator), CPU, torch.float32)


def darken(*shapes: int) -> Callable[[Tensor], None]:
    """Have these shapes give images of their own, a level from those of the others."""

    def spoil(images: Tensor) -> None:
        if len(images) in shapes:
            images -= 0.01

    return spoil


def test_a_single_row_that_differs_from_the_reference_is_padded(
    plain_checkpoint: Checkpoint, rules: CudaRules
) -> None:
    rules.spoil = darken(1)
    engine = rules.make(plain_checkpoint)
    assert engine.facts.batch_shapes == (2, 4, 8)
    latents = sample_latents(SPEC, range(8))
    together = engine.generate_pixels(latents)
    alone = [engine.generate_pixels(latents.rows(row, row + 1))[0] for row in range(8)]
    assert (together == alone).all()
    assert (engine.golden_pixels == together[:4]).all()  # the golden seeds are 0 to 3
    engine.check_golden()


def test_where_nothing_agrees_the_reference_alone_is_used_even_beyond_the_most(
    plain_checkpoint: Checkpoint, rules: CudaRules
) -> None:
    rules.spoil = darken(1, 2, 8)
    latents = sample_latents(SPEC, range(2))
    engines = [rules.make(plain_checkpoint, most) for most in (2, 8)]
    assert [engine.facts.batch_shapes for engine in engines] == [(4,), (4,)]
    first, second = (engine.generate_pixels(latents) for engine in engines)
    assert (first == second).all()


def test_a_reference_whose_rows_differ_stops_the_start(
    plain_checkpoint: Checkpoint, rules: CudaRules
) -> None:
    def spoil(images: Tensor) -> None:
        if len(images) == 4:
            images[-1] -= 0.01

    rules.spoil = spoil
    with pytest.raises(InferenceError, match="equal rows of one batch come out unequal on cpu"):
        rules.make(plain_checkpoint)

"""Claims on the engine: a seed's pixels are the same bytes in whatever company it comes."""

from __future__ import annotations

import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.checkpoint import Checkpoint, read_checkpoint
from model.generators import build_generator
from model.golden import Golden
from model.inference import InferenceEngine
from model.latents import Latents, sample_latents
from model.provenance import Provenance
from model.spec import GeneratorSpec

MOST = 16


def make_engine(checkpoint: Checkpoint, most: int = 1) -> InferenceEngine:
    """Make an engine that is the same on every CPU."""
    return InferenceEngine(checkpoint, device="cpu", precision="float32", max_batch_size=most)


def render_alone(engine: InferenceEngine, latents: Latents) -> NDArray[np.uint8]:
    rows = [latents.rows(row, row + 1) for row in range(len(latents))]
    return np.concatenate([engine.generate_pixels(row) for row in rows])


def test_a_seed_gives_the_same_bytes_alone_and_at_every_row_of_every_batch_size(
    engine: InferenceEngine,
) -> None:
    latents = sample_latents(engine.spec, range(MOST))
    alone = render_alone(engine, latents)
    assert len({image.tobytes() for image in alone}) == MOST
    rng = random.Random(2)
    for size in range(1, MOST + 1):
        for turn in range(size):
            # A turn moves every seed to another row; the company is chosen at random.
            seeds = rng.sample(range(MOST), size)
            seeds = seeds[turn:] + seeds[:turn]
            pixels = engine.generate_pixels(sample_latents(engine.spec, seeds))
            assert np.array_equal(pixels, alone[seeds])


def test_pixels_are_those_of_the_generator_in_evaluation_mode(
    plain_checkpoint: Checkpoint,
) -> None:
    engine = make_engine(plain_checkpoint, 4)
    generator = build_generator(plain_checkpoint.spec)
    generator.load_state_dict(dict(plain_checkpoint.weights))
    generator.eval()
    latents = sample_latents(engine.spec, [8, 9, 10])
    with torch.no_grad():
        images = generator(torch.from_numpy(latents.z)).double().numpy()
    levels = (images.transpose(0, 2, 3, 1) + 1) * 127.5
    pixels = engine.generate_pixels(latents)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (3, 16, 16, 3)
    assert np.abs(pixels - levels).max() < 0.51
    assert np.ptp(pixels) > 100


def test_another_engine_gives_the_same_bytes(class_file: Path) -> None:
    latents = sample_latents(read_checkpoint(class_file).spec, range(4))
    first, second = (make_engine(read_checkpoint(class_file), most) for most in (4, MOST))
    assert np.array_equal(first.generate_pixels(latents), second.generate_pixels(latents))


@pytest.fixture
def row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each row computed alone, so that every shape agrees on every CPU."""
    images = InferenceEngine._images

    def compute(engine: InferenceEngine, latents: Latents) -> Tensor:
        rows = [latents.rows(row, row + 1) for row in range(len(latents))]
        return torch.cat([images(engine, row) for row in rows])

    monkeypatch.setattr(InferenceEngine, "_images", compute)


@pytest.mark.usefixtures("row_by_row")
@pytest.mark.parametrize(
    ("most", "shapes"),
    [
        *[(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (9, range(1, 9)), (10, [*range(1, 9), 10])],
        (33, [*range(1, 9), 10, 12, 14, 16, 20, 24, 28, 32]),
        (40, [*range(1, 9), 10, 12, 14, 16, 20, 24, 28, 32, 40]),
    ],
)
def test_shapes_go_up_to_the_most_and_waste_less_than_a_quarter(
    plain_checkpoint: Checkpoint, most: int, shapes: Iterable[int]
) -> None:
    found = make_engine(plain_checkpoint, most).facts.batch_shapes
    assert found == tuple(shapes)
    for rows in range(1, found[-1] + 1):
        shape = min(shape for shape in found if shape >= rows)
        assert (shape - rows) / shape < 0.25


@pytest.mark.usefixtures("row_by_row")
@pytest.mark.parametrize("shape", [2, 4, 7])
def test_a_shape_with_a_row_one_bit_off_is_dropped_and_never_used(
    plain_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, shape: int
) -> None:
    forward = InferenceEngine._images

    def corrupt(engine: InferenceEngine, latents: Latents) -> Tensor:
        images = forward(engine, latents)
        if len(latents) == shape:  # far too little for a pixel to show it
            images[-1, 0, 0, 0] = torch.nextafter(images[-1, 0, 0, 0], torch.tensor(2.0))
        return images

    monkeypatch.setattr(InferenceEngine, "_images", corrupt)
    engine = make_engine(plain_checkpoint, 8)
    assert engine.facts.batch_shapes == tuple(n for n in range(1, 9) if n != shape)
    run = watch_shapes(engine, monkeypatch)
    latents = sample_latents(engine.spec, range(shape))
    pixels = engine.generate_pixels(latents)
    assert run == [shape + 1]
    assert np.array_equal(pixels, render_alone(engine, latents))


def watch_shapes(engine: InferenceEngine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the row counts that the engine runs from now on."""
    run: list[int] = []
    pixels = engine._path.pixels

    def watch(z: Tensor, labels: Tensor | None) -> Tensor:
        run.append(len(z))
        return pixels(z, labels)

    monkeypatch.setattr(engine._path, "pixels", watch)
    return run


def test_padding_never_leaks(engine: InferenceEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    latents = sample_latents(engine.spec, range(9))
    alone = render_alone(engine, latents)
    run = []
    compute = engine._path.pixels

    def spoil(z: Tensor, labels: Tensor | None) -> Tensor:
        run.append(len(z))
        pixels = compute(z, labels)
        pixels[9:] = 255 - pixels[9:]  # whatever stands in a padded row must not be seen
        return pixels

    monkeypatch.setattr(engine._path, "pixels", spoil)
    pixels = engine.generate_pixels(latents)
    assert run == [min(shape for shape in engine.facts.batch_shapes if shape > 9)]
    assert pixels.shape[0] == 9
    assert np.array_equal(pixels, alone)


def test_any_number_of_threads_may_render_at_once(engine: InferenceEngine) -> None:
    latents = sample_latents(engine.spec, range(MOST))
    alone = render_alone(engine, latents)

    def render(number: int) -> bool:
        size = 1 + number % MOST
        rows = slice(number % (MOST - size + 1), number % (MOST - size + 1) + size)
        part = latents.rows(rows.start, rows.stop)
        return np.array_equal(engine.generate_pixels(part), alone[rows])

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(render, range(400)))


def test_a_label_chooses_the_class(class_checkpoint: Checkpoint) -> None:
    engine = make_engine(class_checkpoint, 4)
    z = sample_latents(engine.spec, [5]).z
    mixed = engine.generate_pixels(Latents(np.repeat(z, 3, axis=0), np.array([2, 0, 1])))
    for row, label in enumerate([2, 0, 1]):
        alone = engine.generate_pixels(sample_latents(engine.spec, [5], label))
        assert np.array_equal(mixed[row], alone[0])
    assert len({image.tobytes() for image in mixed}) == 3


def test_too_many_rows_are_refused(engine: InferenceEngine) -> None:
    with pytest.raises(ValueError, match=f"at most {MOST} rows are rendered at once"):
        engine.generate_pixels(sample_latents(engine.spec, range(MOST + 1)))


def test_labels_are_given_exactly_when_there_are_classes(engine: InferenceEngine) -> None:
    latents = sample_latents(engine.spec, [1])
    wrong = Latents(latents.z, None if engine.spec.is_conditional else np.array([0]))
    with pytest.raises(ValueError, match="labels are given exactly when"):
        engine.generate_pixels(wrong)


def test_the_callers_latents_are_left_as_they_were(engine: InferenceEngine) -> None:
    latents = sample_latents(engine.spec, range(3))
    engine.generate_pixels(latents)
    assert np.array_equal(latents.z, sample_latents(engine.spec, range(3)).z)


def test_the_checkpoint_is_not_changed_by_what_the_engine_does(plain_file: Path) -> None:
    checkpoint = read_checkpoint(plain_file)
    before = {name: weight.clone() for name, weight in checkpoint.weights.items()}
    engine = InferenceEngine(checkpoint, device="cpu", max_batch_size=4)  # in what is fastest
    engine.generate_pixels(sample_latents(engine.spec, range(4)))
    for name, weight in checkpoint.weights.items():
        assert torch.equal(weight, before[name])


def test_the_largest_and_the_smallest_latents_are_rendered(engine: InferenceEngine) -> None:
    for value in (0.0, 1e-38, 1e10, -1e10):
        latents = sample_latents(engine.spec, [1])
        extreme = Latents(np.full_like(latents.z, value), latents.labels)
        assert engine.generate_pixels(extreme).shape[0] == 1


@pytest.mark.gpu
def test_on_a_gpu_a_seed_gives_the_same_bytes_in_every_batch_size() -> None:
    spec = GeneratorSpec("dcgan", 64, base_channels=16)
    weights = build_generator(spec).state_dict()
    draft = Checkpoint(spec, weights, Golden.unknown(spec), provenance=Provenance())
    engine = InferenceEngine(draft, device="cuda", is_golden_checked=False)
    latents = sample_latents(spec, range(32))
    alone = render_alone(engine, latents)
    for size in range(1, engine.facts.batch_shapes[-1] + 1):
        assert np.array_equal(engine.generate_pixels(latents.rows(0, size)), alone[:size])


def test_a_forward_pass_keeps_to_the_thread_that_asks(plain_checkpoint: Checkpoint) -> None:
    torch.set_num_threads(3)
    engine = make_engine(plain_checkpoint, 2)
    with ThreadPoolExecutor(1) as fresh:
        for ask in (torch.get_num_threads, lambda: fresh.submit(torch.get_num_threads).result()):
            assert ask() == 1
        fresh.submit(engine.generate_pixels, sample_latents(engine.spec, [1])).result()
        assert fresh.submit(torch.get_num_threads).result() == 1

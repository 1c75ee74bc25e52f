"""Claims on the engine: a seed's pixels are the same bytes in whatever company it comes."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.checkpoint import Checkpoint, read_checkpoint
from model.generators import build_generator
from model.golden import Golden
from model.inference import InferenceEngine, InferenceError, choose_device
from model.latents import Latents, sample_latents
from model.provenance import Provenance
from model.spec import GeneratorSpec

MOST = 16


@pytest.fixture(params=["plain", "class"])
def engine(request: pytest.FixtureRequest) -> InferenceEngine:
    checkpoint: Checkpoint = request.getfixturevalue(f"{request.param}_checkpoint")
    return InferenceEngine(checkpoint, device="cpu", max_batch_size=MOST)


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
    engine = InferenceEngine(plain_checkpoint, device="cpu", max_batch_size=4)
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
    first = InferenceEngine(read_checkpoint(class_file), device="cpu", max_batch_size=4)
    second = InferenceEngine(read_checkpoint(class_file), device="cpu", max_batch_size=MOST)
    assert np.array_equal(first.generate_pixels(latents), second.generate_pixels(latents))


@pytest.mark.parametrize(
    ("most", "shapes"), [(1, (1,)), (2, (1, 2)), (3, (1, 2)), (7, (1, 2, 4)), (8, (1, 2, 4, 8))]
)
def test_shapes_are_the_powers_of_two_up_to_the_most(
    plain_checkpoint: Checkpoint, most: int, shapes: tuple[int, ...]
) -> None:
    engine = InferenceEngine(plain_checkpoint, device="cpu", max_batch_size=most)
    assert engine.batch_shapes == shapes


def test_a_shape_whose_last_row_is_one_bit_off_is_dropped_and_never_used(
    plain_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = InferenceEngine._forward

    def corrupt_four(engine: InferenceEngine, latents: Latents) -> Tensor:
        images = forward(engine, latents).clone()
        if len(latents) == 4:  # far too little for a pixel to show it
            images[3, 0, 0, 0] = torch.nextafter(images[3, 0, 0, 0], torch.tensor(2.0))
        return images

    monkeypatch.setattr(InferenceEngine, "_forward", corrupt_four)
    engine = InferenceEngine(plain_checkpoint, device="cpu", max_batch_size=8)
    assert engine.batch_shapes == (1, 2, 8)
    latents = sample_latents(engine.spec, range(4))
    assert np.array_equal(engine.generate_pixels(latents), render_alone(engine, latents))


def test_padding_never_leaks(engine: InferenceEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []
    forward = InferenceEngine._forward

    def watch(engine: InferenceEngine, latents: Latents) -> Tensor:
        shapes.append(len(latents))
        images = forward(engine, latents).clone()
        images[5:] *= -1  # whatever stands in a padded row must not be seen
        return images

    latents = sample_latents(engine.spec, range(5))
    alone = render_alone(engine, latents)
    monkeypatch.setattr(InferenceEngine, "_forward", watch)
    pixels = engine.generate_pixels(latents)
    assert shapes == [8]
    assert pixels.shape[0] == 5
    assert np.array_equal(pixels, alone)


def test_a_label_chooses_the_class(class_checkpoint: Checkpoint) -> None:
    engine = InferenceEngine(class_checkpoint, device="cpu", max_batch_size=4)
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


def test_the_exporters_own_numeric_path_is_judged_exact(engine: InferenceEngine) -> None:
    assert engine.golden_verdict == "exact"
    assert engine.numeric_path.startswith("cpu-")
    assert f"-float32-torch{torch.__version__.split('+')[0]}-" in engine.numeric_path


def change_golden(checkpoint: Checkpoint, levels: int) -> Checkpoint:
    pixels = checkpoint.golden.pixels.copy()
    pixels[2, 3, 4, 0] = abs(int(pixels[2, 3, 4, 0]) - levels)
    return dataclasses.replace(checkpoint, golden=Golden(pixels))


def test_rounding_on_another_device_is_close_and_served(plain_checkpoint: Checkpoint) -> None:
    engine = InferenceEngine(change_golden(plain_checkpoint, 1), device="cpu", max_batch_size=1)
    assert engine.golden_verdict == "close"


def test_golden_pixels_of_another_generator_stop_the_start(plain_checkpoint: Checkpoint) -> None:
    with pytest.raises(InferenceError, match="do not render as they did at export"):
        InferenceEngine(change_golden(plain_checkpoint, 30), device="cpu", max_batch_size=1)


def test_every_tensor_that_is_damaged_stops_the_start(class_checkpoint: Checkpoint) -> None:
    for name, weight in class_checkpoint.weights.items():
        if "num_batches" in name:
            continue
        damaged = {**class_checkpoint.weights, name: weight * -3 - 1}
        checkpoint = dataclasses.replace(class_checkpoint, weights=damaged)
        with pytest.raises(InferenceError, match="the weights are damaged"):
            InferenceEngine(checkpoint, device="cpu", max_batch_size=1)


def test_a_weight_that_changes_while_serving_is_noticed(engine: InferenceEngine) -> None:
    engine.check_golden()
    weight = next(engine._generator.parameters())
    weight[0, 0, 1, 1] += 2
    with pytest.raises(InferenceError, match="no longer render as they did at the start"):
        engine.check_golden()


def test_the_checkpoint_is_not_changed_by_what_the_engine_does(plain_file: Path) -> None:
    checkpoint = read_checkpoint(plain_file)
    before = {name: weight.clone() for name, weight in checkpoint.weights.items()}
    engine = InferenceEngine(checkpoint, device="cpu", max_batch_size=4)
    engine.generate_pixels(sample_latents(engine.spec, range(4)))
    for name, weight in checkpoint.weights.items():
        assert torch.equal(weight, before[name])


def test_the_largest_and_the_smallest_latents_are_rendered(engine: InferenceEngine) -> None:
    for value in (0.0, 1e-38, 1e10, -1e10):
        latents = sample_latents(engine.spec, [1])
        extreme = Latents(np.full_like(latents.z, value), latents.labels)
        assert engine.generate_pixels(extreme).shape[0] == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="for machines without a GPU")
def test_without_a_gpu_auto_is_the_cpu_and_cuda_is_refused() -> None:
    assert choose_device("auto") == "cpu"
    assert choose_device("cpu") == "cpu"
    for device in ("cuda", "cuda:1"):
        with pytest.raises(InferenceError, match=f"device '{device}' was asked for"):
            choose_device(device)


@pytest.mark.gpu
def test_on_a_gpu_a_seed_gives_the_same_bytes_in_every_batch_size() -> None:
    spec = GeneratorSpec("dcgan", 64, base_channels=16)
    weights = build_generator(spec).state_dict()
    draft = Checkpoint(spec, weights, Golden.unknown(spec), provenance=Provenance())
    engine = InferenceEngine(draft, device="cuda", is_golden_checked=False)
    latents = sample_latents(spec, range(32))
    alone = render_alone(engine, latents)
    for size in range(1, engine.batch_shapes[-1] + 1):
        assert np.array_equal(engine.generate_pixels(latents.rows(0, size)), alone[:size])


def test_a_cuda_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_device("cuda:0") == "cuda:0"
    with pytest.raises(InferenceError, match="torch sees 1 of them"):
        choose_device("cuda:9")


def test_threads_are_rounded_down_to_a_power_of_two(plain_checkpoint: Checkpoint) -> None:
    before = torch.get_num_threads()
    try:
        engine = InferenceEngine(plain_checkpoint, device="cpu", threads=3, max_batch_size=2)
        assert torch.get_num_threads() == 2
        assert engine.numeric_path.endswith("-2-threads")
    finally:
        torch.set_num_threads(before)

"""Claims on what an engine finds out before it serves, and what it refuses to serve."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from model.checkpoint import Checkpoint
from model.floating import FloatGenerator
from model.golden import Golden, pixel_hashes
from model.inference import InferenceEngine, InferenceError, choose_device
from model.precision import Precision
from model.quantization import QuantizedGenerator


def make_engine(checkpoint: Checkpoint) -> InferenceEngine:
    """Make an engine that is the same on every CPU."""
    return InferenceEngine(checkpoint, device="cpu", precision="float32", max_batch_size=1)


def test_only_the_exporters_own_numeric_path_is_judged_exact(engine: InferenceEngine) -> None:
    # The checkpoints of these tests are exported in float32.
    is_own = engine.facts.precision == Precision.FLOAT32
    assert engine.facts.golden_verdict == ("exact" if is_own else "close")


def test_another_precision_is_exact_where_the_exporter_saw_its_pixels_too(
    engine: InferenceEngine, request: pytest.FixtureRequest
) -> None:
    name, precision = request.node.callspec.params["engine"]
    checkpoint: Checkpoint = request.getfixturevalue(f"{name}_checkpoint")
    hashes = {engine.facts.numeric_path: pixel_hashes(engine.golden_pixels)}
    golden = Golden(checkpoint.golden.pixels, hashes)
    knowing = dataclasses.replace(checkpoint, golden=golden)
    again = InferenceEngine(knowing, device="cpu", precision=precision)
    assert again.facts.golden_verdict == "exact"


def test_an_engine_tells_what_it_found_out(engine: InferenceEngine) -> None:
    facts = engine.facts
    assert facts.device == "cpu"
    assert f"-{facts.precision}-torch{torch.__version__.split('+')[0]}-" in facts.numeric_path
    assert (facts.psnr_db is None) == (facts.precision == Precision.FLOAT32)
    assert facts.batch_shapes[0] == 1
    assert facts.batch_shapes[-1] <= 16


def test_a_precision_that_the_cpu_lacks_stops_the_start(plain_checkpoint: Checkpoint) -> None:
    with pytest.raises(InferenceError, match="precision 'float16' cannot be used: cpu has no fast"):
        InferenceEngine(plain_checkpoint, device="cpu", precision="float16")


def change_golden(checkpoint: Checkpoint, levels: int) -> Checkpoint:
    pixels = checkpoint.golden.pixels.copy()
    pixels[2, 3, 4, 0] = abs(int(pixels[2, 3, 4, 0]) - levels)
    return dataclasses.replace(checkpoint, golden=Golden(pixels))


def test_rounding_on_another_device_is_close_and_served(plain_checkpoint: Checkpoint) -> None:
    engine = make_engine(change_golden(plain_checkpoint, 1))
    assert engine.facts.golden_verdict == "close"


def test_golden_pixels_of_another_generator_stop_the_start(plain_checkpoint: Checkpoint) -> None:
    with pytest.raises(InferenceError, match="do not render as they did at export"):
        make_engine(change_golden(plain_checkpoint, 30))


def test_every_tensor_that_is_damaged_stops_the_start(class_checkpoint: Checkpoint) -> None:
    for name, weight in class_checkpoint.weights.items():
        if "num_batches" in name:
            continue
        damaged = {**class_checkpoint.weights, name: weight * -3 - 1}
        checkpoint = dataclasses.replace(class_checkpoint, weights=damaged)
        with pytest.raises(InferenceError, match="the weights are damaged"):
            make_engine(checkpoint)


@torch.inference_mode()
def test_a_weight_that_changes_while_serving_is_noticed(engine: InferenceEngine) -> None:
    engine.check_golden()
    path = engine._path
    if isinstance(path, QuantizedGenerator):
        path._projection.weight[0] += 200
    else:
        assert isinstance(path, FloatGenerator)
        next(path._generator.parameters())[0, 0, 1, 1] += 2
    with pytest.raises(InferenceError, match="no longer render as they did at the start"):
        engine.check_golden()


@pytest.mark.skipif(torch.cuda.is_available(), reason="for machines without a GPU")
def test_without_a_gpu_auto_is_the_cpu_and_cuda_is_refused() -> None:
    assert choose_device("auto") == "cpu"
    assert choose_device("cpu") == "cpu"
    for device in ("cuda", "cuda:1"):
        with pytest.raises(InferenceError, match=f"device '{device}' was asked for"):
            choose_device(device)


def test_a_cuda_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_device("cuda:0") == "cuda:0"
    with pytest.raises(InferenceError, match="torch sees 1 of them"):
        choose_device("cuda:9")

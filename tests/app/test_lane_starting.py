"""Claims on how many lanes there are, where they live and that they agree."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.image_encoding import ImageFormat
from app.lane_connection import LaneError
from app.lane_process import ProcessLane
from app.lane_starting import ModelLanes, start_lanes
from app.lanes import Encoding, LocalLane
from app.settings import Settings
from model.checkpoint import Checkpoint
from model.inference import EngineFacts
from model.latents import sample_latents
from tests.app.echo_lanes import until

FACTS = EngineFacts(
    device="cpu",
    precision="float32",
    numeric_path="test",
    psnr_db=None,
    golden_verdict="exact",
    batch_shapes=(1, 2),
)


Start = Callable[..., list[ModelLanes]]


@pytest.fixture
def start(weights: Path, checkpoints: dict[str, Checkpoint], settings: Settings) -> Iterator[Start]:
    """Return what starts the lanes of all models; keyword arguments change the settings."""
    started: list[ModelLanes] = []

    def run(**changes: object) -> list[ModelLanes]:
        names = sorted(checkpoints)
        paths = [weights / f"{name}.safetensors" for name in names]
        found = [checkpoints[name] for name in names]
        models = start_lanes(paths, found, settings.model_copy(update=changes))
        started.extend(models)
        return models

    yield run
    for lane in (lane for model in started for lane in model.lanes):
        lane.close()


@pytest.mark.anyio
async def test_lanes_in_processes_are_equal_to_the_one_in_this_process(
    start: Start, checkpoints: dict[str, Checkpoint]
) -> None:
    alone = start(lanes=1, precision="auto")
    several = start(lanes=2, precision="auto")
    assert [len(model.lanes) for model in alone] == [1, 1, 1]
    assert [len(model.lanes) for model in several] == [2, 2, 2]
    assert [model.facts for model in alone] == [model.facts for model in several]
    encodings: list[Encoding] = [None, *ImageFormat]
    for name, one, two in zip(sorted(checkpoints), alone, several, strict=True):
        latents = sample_latents(checkpoints[name].spec, range(4))
        batches = [await lane.render(latents, encodings) for lane in (*one.lanes, *two.lanes)]
        for batch in batches:
            assert np.array_equal(batch.payloads[0], batches[0].payloads[0])
            assert batch.payloads[1:] == batches[0].payloads[1:]
        assert all(isinstance(lane, LocalLane) for lane in one.lanes)
        assert all(isinstance(lane, ProcessLane) for lane in two.lanes)
    for lane in (lane for model in (*alone, *several) for lane in model.lanes):
        lane.close()
    await until(lambda: not any(lane.is_alive() for model in several for lane in model.lanes))


class FakeProcess:
    """A process that says what the test wants."""

    started: list[FakeProcess]
    answers: list[list[EngineFacts] | Exception]

    def __init__(self, paths: Sequence[Path], options: dict[str, Any]) -> None:
        self.paths, self.options = paths, options
        self.is_closed = False
        self.answer = self.answers.pop(0) if self.answers else [FACTS] * len(paths)
        self.started.append(self)

    def wait(self) -> list[EngineFacts]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> type[FakeProcess]:
    monkeypatch.setattr("app.lane_starting.LaneProcess", FakeProcess)
    FakeProcess.started, FakeProcess.answers = [], []
    return FakeProcess


@pytest.mark.parametrize(("cores", "count"), [(2, 2), (5, 5), (8, 8), (64, 8)])
def test_without_a_number_there_is_a_lane_for_each_core_up_to_eight(
    start: Start,
    processes: type[FakeProcess],
    monkeypatch: pytest.MonkeyPatch,
    cores: int,
    count: int,
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)))
    models = start(lanes=None)
    assert [len(model.lanes) for model in models] == [count] * 3
    assert len(processes.started) == count
    # Each process has all models, so their number does not multiply that of the processes.
    assert [path.stem for path in processes.started[0].paths] == ["faces", "pets", "signs"]


def test_processes_are_told_all_that_decides_about_pixels(
    start: Start,
    processes: type[FakeProcess],
) -> None:
    start(lanes=12, precision="bfloat16", max_batch_size=5)
    assert len(processes.started) == 12
    for process in processes.started:
        expected = {"device": "cpu", "precision": "bfloat16", "max_batch_size": 5}
        assert process.options == expected


def test_processes_that_disagree_are_refused_and_ended(
    start: Start,
    processes: type[FakeProcess],
) -> None:
    other = dataclasses.replace(FACTS, batch_shapes=(1,))
    processes.answers = [[FACTS] * 3, [FACTS, other, FACTS]]
    with pytest.raises(LaneError, match="disagree"):
        start(lanes=2)
    assert all(process.is_closed for process in processes.started)


def test_one_process_that_does_not_start_ends_all(
    start: Start,
    processes: type[FakeProcess],
) -> None:
    processes.answers = [[FACTS] * 3, LaneError("faces.safetensors: out of memory")]
    with pytest.raises(LaneError, match=r"faces\.safetensors: out of memory"):
        start(lanes=3)
    assert [process.is_closed for process in processes.started] == [True] * 3


def test_lanes_of_a_gpu_are_threads_that_share_an_engine(
    start: Start,
    processes: type[FakeProcess],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[dict[str, Any]] = []

    class FakeEngine:
        facts = FACTS

        def __init__(self, _: Checkpoint, **options: Any) -> None:
            made.append(options)

    monkeypatch.setattr("app.lane_starting.choose_device", lambda device: device)
    monkeypatch.setattr("app.lane_process.InferenceEngine", FakeEngine)
    models = start(device="cuda:1", lanes=3)
    assert len(made) == 3
    assert all(options["lanes"] == 3 and options["device"] == "cuda:1" for options in made)
    for model in models:
        assert all(isinstance(lane, LocalLane) for lane in model.lanes)
        assert len(set(model.lanes)) == 3
    assert not processes.started

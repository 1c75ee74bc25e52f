"""`start_lanes`: as many places to render as there are cores, in processes or threads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.lane_connection import LaneError
from app.lane_process import LaneProcess, ProcessLane, load_engine
from app.lanes import Lane, LocalLane
from app.settings import Settings
from model.checkpoint import Checkpoint
from model.inference import EngineFacts, choose_device
from model.judge import make_judge

# A process takes some 400 MB, mostly torch.
_MAX_DEFAULT_LANES = 8


@dataclass(frozen=True)
class ModelLanes:
    """Where one model's batches run, and what its engine says of itself."""

    facts: EngineFacts
    lanes: list[Lane]


def start_lanes(
    paths: Sequence[Path], checkpoints: Sequence[Checkpoint], settings: Settings
) -> list[ModelLanes]:
    """Load `checkpoints`, which were read from `paths`, into as many lanes as there are cores.

    On a CPU several lanes are processes, or they would share one interpreter's lock; a GPU's
    lanes are threads, as they share its memory and wait for it without the lock. Blocks until
    all are ready. Raises RuntimeError, InferenceError among them.
    """
    options: dict[str, Any] = {
        "device": choose_device(settings.device),
        "precision": settings.precision,
        "max_batch_size": settings.max_batch_size,
    }
    count = settings.lanes or min(len(os.sched_getaffinity(0)), _MAX_DEFAULT_LANES)
    if count == 1 or options["device"] != "cpu":
        engines = [
            load_engine(path, checkpoint, lanes=count, **options)
            for path, checkpoint in zip(paths, checkpoints, strict=True)
        ]
        judges = [make_judge(checkpoint) for checkpoint in checkpoints]
        return [
            ModelLanes(engine.facts, [LocalLane(engine, judge) for _ in range(count)])
            for engine, judge in zip(engines, judges, strict=True)
        ]
    processes: list[LaneProcess] = []
    try:
        for _ in range(count):
            processes.append(LaneProcess(paths, options))
        facts = _wait(processes)
    except BaseException:
        for process in processes:
            process.close()
        raise
    return [
        ModelLanes(facts[model], [ProcessLane(item, model, checkpoint.spec) for item in processes])
        for model, checkpoint in enumerate(checkpoints)
    ]


def _wait(processes: Sequence[LaneProcess]) -> list[EngineFacts]:
    """Return the facts of each model, on which all processes agree."""
    facts, *others = [process.wait() for process in processes]
    if any(other != facts for other in others):
        raise LaneError("the processes of this machine disagree on how to render")
    return facts

"""`train_for`: minutes of training on a data set in memory, counted over every stop."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from model.training.budget import Budget
from model.training.config import TrainConfig
from model.training.dataset import ImageDataset
from model.training.state import STATE_FILE, TrainingState
from model.training.trainer import Cadence, train

_CLOCK_FILE = "seconds.json"
_CHUNK_S = 120.0  # a kill loses at most so much, and the clock knows of all but that


def train_for(
    minutes: float, config: TrainConfig, dataset: ImageDataset, run_dir: Path
) -> TrainingState:
    """Train in `run_dir` until it has had so many minutes; without the collapse guard.

    StateError if the run diverges. SystemExit if it is interrupted, or if the folder holds
    another recipe or other data.
    """
    state = _open(config, dataset, run_dir)
    clock = run_dir / _CLOCK_FILE
    done_s = float(json.loads(clock.read_text())) if clock.exists() else 0.0
    while (left_s := 60.0 * minutes - done_s) > 0:
        budget = Budget(minutes=min(left_s, _CHUNK_S) / 60.0)
        started = time.monotonic()
        is_done = train(state, dataset, run_dir, budget, Cadence(_CHUNK_S, _CHUNK_S))
        # A budget is spent by training alone: the sheet at its end does not count.
        seconds = min(left_s, _CHUNK_S) if is_done else time.monotonic() - started
        done_s += seconds
        clock.write_text(json.dumps(done_s))
        if not is_done:
            raise SystemExit(f"{run_dir} was interrupted; repeat the command to go on")
    return state


def _open(config: TrainConfig, dataset: ImageDataset, run_dir: Path) -> TrainingState:
    path = run_dir / STATE_FILE
    if not path.exists():
        run_dir.mkdir(parents=True, exist_ok=True)
        spec = config.generator_spec(len(dataset.class_names))
        return TrainingState(config, spec, _facts(dataset))
    state = TrainingState.load(path)
    if state.config != config or state.facts["digest"] != dataset.digest:
        raise SystemExit(f"{run_dir} holds a run of another recipe or other data")
    return state


def _facts(dataset: ImageDataset) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "licence": dataset.licence,
        "credit": dataset.credit,
        "digest": dataset.digest,
        "class_names": list(dataset.class_names),
        "attribute_names": list(dataset.attribute_names),
    }

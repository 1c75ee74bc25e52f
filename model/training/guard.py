"""The collapse guard: looks at a run, and takes it back when it has collapsed."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.contact_sheet import contact_sheet
from model.png import encode_png
from model.training import ranks
from model.training.health import (
    Health,
    Past,
    diagnose,
    measure,
    sameness,
)
from model.training.progress import render_samples
from model.training.rescue import RUNGS, adjust, rebuild
from model.training.state import STATE_FILE, TrainingState
from model.training.train_step import StepLosses
from model.training.variety import DataVariety, Variety

GOOD_STATE_FILE = "state.good.pt"
EVIDENCE_FILE = "guard.json"
_CALIBRATION_BATCHES = 4  # a look is to cost little, and needs no exact statistics
_LOOKS_KEPT = 200


class CollapseError(RuntimeError):
    """A run that collapsed more often than the guard tries to mend."""


class Guard:
    """Looks at a run every so many images; owns the last good state.

    What it decides is a function of the state and of `state.facts["guard"]`, which is saved
    with it, and never of the clock: a resumed run is looked at, and mended, where the
    uninterrupted one would have been.
    """

    def __init__(self, run_dir: Path, state: TrainingState, data: DataVariety) -> None:
        self._run_dir = run_dir
        self._data = data
        memory = remember(state.facts)
        if memory["reason"]:
            raise CollapseError(
                f"the guard gave up on {run_dir} ({memory['reason']}); start again with preset "
                "dcgan, or resume with --no-guard"
            )
        path = run_dir / GOOD_STATE_FILE
        if path.exists():
            self._good = TrainingState.load(path, state.device)
        else:
            self._keep(state)

    def is_due(self, state: TrainingState, check_images: int) -> bool:
        """Whether the run is to be looked at after the step just taken."""
        return state.step % max(1, check_images // state.config.batch_size) == 0

    def check(self, state: TrainingState, losses: StepLosses) -> tuple[TrainingState, str]:
        """Look at a run: return the state to go on with, and a line to print or "".

        CollapseError if it has collapsed once more than there are rungs; the last good state
        is then the run's, and the evidence lies beside it.
        """
        memory = state.facts["guard"]
        samples = render_samples(state.ema_generator, state.spec, _CALIBRATION_BATCHES)
        health = measure(state, losses, self._data.measure(samples))
        reason = diagnose(health, _past(state))
        memory["log"] = [*memory["log"][-_LOOKS_KEPT:], _as_json(health, reason)]
        if reason is None:
            memory["was_diverse"] = memory["was_diverse"] or health.is_good
            if health.is_good:
                self._keep(state)
            return state, ""
        return self._mend(state, health, reason, samples)

    def _mend(
        self, state: TrainingState, health: Health, reason: str, samples: NDArray[np.uint8]
    ) -> tuple[TrainingState, str]:
        memory = state.facts["guard"]
        self._write_sheet(health.images_seen, samples)
        if memory["rollbacks"] == RUNGS:
            memory["reason"] = reason
            mended = copy.deepcopy(self._good)
            self._put_on_disk(mended, memory)
            raise CollapseError(
                f"training collapsed at {health.images_seen} images ({reason}), after "
                f"{RUNGS} rescues; {self._run_dir / EVIDENCE_FILE} has the figures, and the run "
                f"is back at {mended.images_seen} images: start again with preset dcgan"
            )
        memory["rollbacks"] += 1
        adjustment = adjust(state.config, memory["rollbacks"], not health.is_finite)
        mended = rebuild(self._good, adjustment)
        # The rescue may change how many steps a move takes.
        memory["moves_before"] = _past(self._good).generator_moves
        memory["step_before"] = mended.step
        line = (
            f"guard: {reason} at {health.images_seen} images; back to {mended.images_seen}, "
            f"{adjustment.words} (rescue {memory['rollbacks']} of {RUNGS})"
        )
        memory["log"][-1]["action"] = adjustment.words
        self._put_on_disk(mended, memory)
        return mended, line

    def _keep(self, state: TrainingState) -> None:
        self._good = copy.deepcopy(state)
        self._good.save(self._run_dir / GOOD_STATE_FILE)
        # At once: a resumed run must never be older than the state it would be taken back to.
        state.save(self._run_dir / STATE_FILE)

    def _put_on_disk(self, state: TrainingState, memory: dict[str, Any]) -> None:
        state.facts["guard"] = memory
        if ranks.is_first():
            text = json.dumps(memory, indent=1, allow_nan=False)
            (self._run_dir / EVIDENCE_FILE).write_text(text + "\n")
        state.save(self._run_dir / STATE_FILE)

    def _write_sheet(self, images_seen: int, samples: NDArray[np.uint8]) -> None:
        if not ranks.is_first():
            return
        path = self._run_dir / "samples" / f"{images_seen:09d}-collapsed.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_png(contact_sheet(samples)))


def judge_end(state: TrainingState, variety: Variety) -> None:
    """Note whether a run stops collapsed, between two looks; decides nothing."""
    memory = remember(state.facts)
    reason = sameness(variety, _past(state))
    memory["ends_collapsed"], memory["end"] = reason is not None, reason or ""


def verdict(facts: dict[str, Any]) -> str:
    """Return why a run should not be served, "" if the guard knows of nothing."""
    memory = new_memory() | facts.get("guard", {})
    if memory["reason"]:
        return f"the guard gave up on it ({memory['reason']}); this is its last good state"
    if memory["ends_collapsed"]:
        # Older runs keep no reason.
        return memory["end"] or f"samples are alike: diversity {facts['diversity']:.2f}"
    return ""


def new_memory() -> dict[str, Any]:
    """Return what the guard knows of a run that it has not looked at."""
    return {
        "rollbacks": 0,
        "moves_before": 0,  # of the generator, up to the step where the last rescue began
        "step_before": 0,
        "was_diverse": False,
        "ends_collapsed": False,
        "end": "",
        "reason": "",
        "log": [],
    }


def remember(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the memory that is kept in `facts`, with what older runs had no word for."""
    facts["guard"] = new_memory() | facts.get("guard", {})
    memory: dict[str, Any] = facts["guard"]
    return memory


def _past(state: TrainingState) -> Past:
    memory = new_memory() | state.facts["guard"]
    moves = (state.step - memory["step_before"]) // state.config.n_critic
    return Past(memory["was_diverse"], memory["moves_before"] + moves)


def _as_json(health: Health, reason: str | None) -> dict[str, Any]:
    numbers = dataclasses.asdict(health)
    numbers = {"images_seen": numbers.pop("images_seen")} | numbers.pop("variety") | numbers
    known = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in numbers.items()
    }
    return {**known, "reason": reason or ""}

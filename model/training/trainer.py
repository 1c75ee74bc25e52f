"""`train`: the loop. Data in, training states and sample sheets out."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from model.training import ranks
from model.training.budget import Budget
from model.training.dataset import ImageDataset
from model.training.guard import Guard, judge_end
from model.training.progress import Progress
from model.training.randomness import batch_indices
from model.training.state import STATE_FILE, TrainingState
from model.training.train_step import StepLosses, train_step
from model.training.variety import DataVariety, Variety

_FIRST_SHEET_S = 15.0


@dataclass(frozen=True)
class Cadence:
    """How often a run saves and draws, in seconds; a kill loses at most one `save_s`.

    The guard looks every `check_images` images, by count, so that what it decides is the
    same on every machine; 0 is no guard.
    """

    save_s: float = 120.0
    sheet_s: float = 120.0
    check_images: int = 0


class _Timer:
    """Says when so many seconds have passed again; at first twice as many each time."""

    def __init__(self, period_s: float, first_s: float) -> None:
        self._period_s = period_s
        self._pause_s = first_s
        self._next = time.monotonic() + first_s

    def is_due(self) -> bool:
        if time.monotonic() < self._next:
            return False
        self._pause_s = min(2 * self._pause_s, self._period_s)
        self._next = time.monotonic() + self._pause_s
        return True


def train(
    state: TrainingState,
    dataset: ImageDataset,
    run_dir: Path,
    budget: Budget,
    cadence: Cadence,
) -> bool:
    """Run steps until the budget is spent or a signal asks to stop; save either way.

    Returns whether the budget was spent. SIGINT and SIGTERM finish the step at hand.
    CollapseError if the run collapsed and the guard could not mend it.
    """
    budget = budget.from_now()  # reading the data is not training
    data = DataVariety.of(dataset.pixels)
    guard = Guard(run_dir, state, data) if cadence.check_images else None
    saves = _Timer(cadence.save_s, cadence.save_s)
    # The first sheet comes early: it says whether the data and the recipe fit.
    sheets = _Timer(cadence.sheet_s, min(cadence.sheet_s, _FIRST_SHEET_S))
    reporting = _reporting(run_dir, budget, state, data)
    with reporting as progress, _stop_requests() as stop_requests:
        while not ranks.any_of(bool(stop_requests) or budget.is_spent(state.images_seen)):
            losses = _take_step(state, dataset)
            if progress is not None:
                progress.step(state.images_seen, losses)
            if guard is not None and guard.is_due(state, cadence.check_images):
                state = _look(guard, state, losses, progress)
            # What is no longer finite is for the guard to mend, at its next look.
            if saves.is_due() and (guard is None or state.is_finite):
                state.save(run_dir / STATE_FILE)
            if progress and sheets.is_due() and (guard is None or state.is_finite):
                _draw_sheet(state, progress)
        if guard is not None and not state.is_finite:
            state = _look(guard, state, losses, progress)
        state.save(run_dir / STATE_FILE)  # first: a second Ctrl-C may cut the sheet off
        if progress is not None:
            judge_end(state, _draw_sheet(state, progress))
            state.save(run_dir / STATE_FILE)
    return budget.is_spent(state.images_seen)


def _reporting(
    run_dir: Path, budget: Budget, state: TrainingState, data: DataVariety
) -> AbstractContextManager[Progress | None]:
    """Report on the first rank; the others have the same to tell."""
    if not ranks.is_first():
        return nullcontext()
    return closing(Progress(run_dir, budget, state.images_seen, data))


def _look(
    guard: Guard, state: TrainingState, losses: StepLosses, progress: Progress | None
) -> TrainingState:
    state, line = guard.check(state, losses)
    if line and progress is not None:
        progress.say(line)
    return state


def _draw_sheet(state: TrainingState, progress: Progress) -> Variety:
    variety = progress.sheet(state.ema_generator, state.spec, state.images_seen)
    state.facts |= {"diversity": variety.diversity, "structure": variety.structure}
    return variety


def _take_step(state: TrainingState, dataset: ImageDataset) -> StepLosses:
    config = state.config
    indices = ranks.share(
        batch_indices(len(dataset.pixels), config.batch_size, config.seed, state.step)
    )
    labels = dataset.labels if state.spec.is_conditional else None
    return train_step(
        state,
        dataset.pixels[indices],
        None if labels is None else labels[indices],
        dataset.attributes_of(config.attributes, indices) if config.attributes else None,
    )


@contextmanager
def _stop_requests() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM in the list given, instead of dying of them.

    A second signal is not caught: whoever presses Ctrl-C twice means it.
    """
    received: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        # Not by print: the signal may have come in the middle of one.
        os.write(sys.stderr.fileno(), b"\nstopping: the step at hand is finished and saved\n")
        for each, handler in before.items():
            signal.signal(each, handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

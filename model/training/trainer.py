"""`train`: the loop. Data in, training states and sample sheets out."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import numpy as np
from numpy.typing import NDArray

from model.training.budget import Budget
from model.training.dataset import ImageDataset
from model.training.diversity import mean_pairwise_distance
from model.training.progress import Progress
from model.training.randomness import batch_indices
from model.training.state import TrainingState
from model.training.train_step import StepLosses, train_step

STATE_FILE = "state.pt"
_FIRST_SHEET_S = 15.0


@dataclass(frozen=True)
class Cadence:
    """How often a run saves and draws, in seconds; a kill loses at most one `save_s`."""

    save_s: float = 120.0
    sheet_s: float = 120.0


def train(
    state: TrainingState,
    dataset: ImageDataset,
    run_dir: Path,
    budget: Budget,
    cadence: Cadence,
) -> bool:
    """Run steps until the budget is spent or a signal asks to stop; save either way.

    Returns whether the budget was spent. SIGINT and SIGTERM finish the step at hand.
    """
    budget = budget.from_now()  # reading the data is not training
    data_distance = mean_pairwise_distance(_spread(dataset.pixels, 256))
    progress = Progress(run_dir, budget, state.images_seen, data_distance)
    last_save = time.monotonic()
    # The first sheet comes early: it says whether the data and the recipe fit.
    last_sheet = last_save - max(cadence.sheet_s - _FIRST_SHEET_S, 0.0)
    try:
        with _stop_requests() as stop_requests:
            while not stop_requests and not budget.is_spent(state.images_seen):
                progress.step(state.images_seen, _take_step(state, dataset))
                if time.monotonic() - last_save >= cadence.save_s:
                    state.save(run_dir / STATE_FILE)
                    last_save = time.monotonic()
                if time.monotonic() - last_sheet >= cadence.sheet_s:
                    _draw_sheet(state, progress)
                    last_sheet = time.monotonic()
            state.save(run_dir / STATE_FILE)  # first: a second Ctrl-C may cut the sheet off
            _draw_sheet(state, progress)
            state.save(run_dir / STATE_FILE)
    finally:
        progress.close()
    return budget.is_spent(state.images_seen)


def _spread(pixels: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """Take about `count` images from all over: neighbours may be of one class."""
    return np.asarray(pixels[:: max(1, len(pixels) // count)][:count])


def _draw_sheet(state: TrainingState, progress: Progress) -> None:
    state.facts["diversity"] = progress.sheet(state.ema_generator, state.spec, state.images_seen)


def _take_step(state: TrainingState, dataset: ImageDataset) -> StepLosses:
    indices = batch_indices(
        len(dataset.pixels), state.config.batch_size, state.config.seed, state.step
    )
    labels = dataset.labels if state.spec.is_conditional else None
    return train_step(state, dataset.pixels[indices], None if labels is None else labels[indices])


@contextmanager
def _stop_requests() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM in the list given, instead of dying of them.

    A second signal is not caught: whoever presses Ctrl-C twice means it.
    """
    received: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        for each, handler in before.items():
            signal.signal(each, handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

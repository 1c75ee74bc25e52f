"""Claims on the age of a run, which the guard counts in moves of its generator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model.training import guard as guard_module
from model.training.dataset import ImageDataset
from model.training.guard import Guard
from model.training.state import TrainingState
from model.training.train_step import train_step
from model.training.variety import DataVariety


def test_a_rescue_that_changes_how_long_a_move_takes_makes_no_run_older(
    make_state: Callable[..., TrainingState],
    make_dataset: Callable[..., ImageDataset],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    samples = np.random.default_rng(1).integers(0, 256, (64, 16, 16, 3), dtype=np.uint8)
    monkeypatch.setattr(guard_module, "render_samples", lambda *_: samples)
    dataset = make_dataset(37)
    state = make_state("wgan")  # five steps a move
    guard = Guard(tmp_path, state, DataVariety.of(dataset.pixels))
    for _ in range(10):
        losses = train_step(state, dataset.pixels[:8], None)
    assert guard.check(state, losses)[1] == ""  # a good state
    samples[:] = 90
    mended, line = guard.check(state, losses)
    assert "rescue 1 of 3" in line
    assert (mended.step, mended.config.n_critic) == (10, 1)
    assert guard_module._past(mended).generator_moves == 2
    train_step(mended, dataset.pixels[:8], None)
    assert guard_module._past(mended).generator_moves == 3

"""Claims on what is measured of a run, and on what counts as collapse."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from model.training.dataset import ImageDataset
from model.training.health import DataDistances, Health, diagnose, measure
from model.training.state import TrainingState
from model.training.train_step import train_step

FINE = Health(
    images_seen=8192,
    diversity=0.9,
    twins=0.0,
    real_sign=0.8,
    discriminator_gradient=3.0,
    generator_gradient=5.0,
    is_saturated=False,
    is_finite=True,
)


def change(**changes: float) -> Health:
    return dataclasses.replace(FINE, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("health", "words"),
    [
        (FINE, None),
        (change(diversity=0.36), None),
        (change(diversity=0.34), "samples are alike: diversity 0.34 of the data's"),
        (change(twins=0.24), None),
        (change(twins=0.5), "samples repeat: 50% look like another one"),
        (change(is_finite=False), "weights are no longer finite"),
        (change(is_saturated=True), "the generator gets no gradient"),
        (change(real_sign=1.0), None),  # a sure one that still teaches is no collapse
        (change(diversity=math.nan), None),  # data of one image
    ],
)
def test_what_is_wrong_is_said(health: Health, words: str | None) -> None:
    reason = diagnose(health, was_diverse=True, generator_moves=100)
    assert (reason is None) if words is None else (reason is not None and words in reason)


def test_only_what_was_diverse_can_collapse_unless_it_never_becomes_so() -> None:
    grey = change(diversity=0.02, twins=1.0)
    assert diagnose(grey, was_diverse=False, generator_moves=100) is None
    assert diagnose(grey, was_diverse=False, generator_moves=4000) is not None
    broken = change(is_finite=False)
    assert diagnose(broken, was_diverse=False, generator_moves=1) is not None


@pytest.mark.parametrize(
    ("health", "is_good"),
    [
        (FINE, True),
        (change(diversity=0.59), False),
        (change(twins=0.2), False),
        (change(is_finite=False), False),
        (change(diversity=math.nan), True),
    ],
)
def test_a_state_to_return_to_is_well_clear_of_collapse(health: Health, is_good: bool) -> None:
    assert health.is_good == is_good


def test_diversity_and_twins_are_measured_by_the_datas_distances() -> None:
    # Flat images of levels 0, 10, 20, ...: the distance of two is the difference of levels.
    levels = np.arange(0, 200, 10, dtype=np.uint8)
    data = DataDistances.of(np.broadcast_to(levels[:, None, None, None], (20, 4, 4, 3)))
    pairs = [abs(int(a) - int(b)) for i, a in enumerate(levels) for b in levels[:i]]
    assert data.mean == pytest.approx(sum(pairs) / len(pairs))
    assert data.nearest == pytest.approx(10)


def test_twins_are_nearer_than_half_of_the_nearest_pair_of_the_data(
    make_state: Callable[..., TrainingState], make_dataset: Callable[..., ImageDataset]
) -> None:
    state = make_state()
    losses = train_step(state, make_dataset(8).pixels, None)
    levels = np.array([0, 4, 50, 56, 100, 200], np.uint8)  # the first two are one image twice
    samples = np.broadcast_to(levels[:, None, None, None], (6, 4, 4, 3))
    health = measure(state, losses, samples, DataDistances(mean=80.0, nearest=10.0))
    pairs = [abs(int(a) - int(b)) for i, a in enumerate(levels) for b in levels[:i]]
    assert health.twins == pytest.approx(2 / 6)
    assert health.diversity == pytest.approx(sum(pairs) / len(pairs) / 80)
    assert math.isnan(measure(state, losses, samples, DataDistances(0.0, 0.0)).diversity)


def test_gradients_and_signs_are_those_of_the_last_step(
    make_state: Callable[..., TrainingState], make_dataset: Callable[..., ImageDataset]
) -> None:
    state, data = make_state("dcgan-2015"), make_dataset(8)
    losses = train_step(state, data.pixels, None)
    health = measure(state, losses, data.pixels, DataDistances.of(data.pixels))
    for module, norm in (
        (state.generator, health.generator_gradient),
        (state.discriminator, health.discriminator_gradient),
    ):
        squares = sum(float((w.grad**2).sum()) for w in module.parameters() if w.grad is not None)
        assert norm == pytest.approx(squares**0.5, rel=1e-5)
        assert norm > 0
    assert health.real_sign == float(losses.real_sign)
    assert (health.images_seen, health.is_finite) == (8, True)


def test_one_weight_that_is_no_number_is_noticed(make_state: Callable[..., TrainingState]) -> None:
    for value in (math.nan, math.inf):
        state = make_state()
        assert state.is_finite
        with torch.no_grad():
            next(iter(state.discriminator.parameters()))[0, 0, 0, 0] = value
        assert not state.is_finite


@pytest.mark.parametrize(("loss", "is_saturated"), [("minimax", True), ("non-saturating", False)])
def test_only_a_loss_that_saturates_falls_silent_before_a_sure_discriminator(
    make_state: Callable[..., TrainingState],
    make_dataset: Callable[..., ImageDataset],
    loss: str,
    is_saturated: bool,
) -> None:
    state, data = make_state("dcgan-2015", loss=loss), make_dataset(8)
    losses = train_step(state, data.pixels, None)
    for weight in state.generator.parameters():
        weight.grad = torch.full_like(weight, 1e-12)
    sure = dataclasses.replace(losses, real_sign=torch.tensor(1.0))
    distances = DataDistances.of(data.pixels)
    assert measure(state, sure, data.pixels, distances).is_saturated == is_saturated
    unsure = dataclasses.replace(losses, real_sign=torch.tensor(0.5))
    assert not measure(state, unsure, data.pixels, distances).is_saturated

"""Claims on what is measured of a run, and on what counts as collapse."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import pytest
import torch

from model.training.dataset import ImageDataset
from model.training.health import Health, Past, diagnose, measure, sameness
from model.training.state import TrainingState
from model.training.train_step import train_step
from model.training.variety import Variety

VARIED = Variety(diversity=0.9, structure=1.0, twins=0.0)
FINE = Health(
    images_seen=8192,
    variety=VARIED,
    real_sign=0.8,
    discriminator_gradient=3.0,
    generator_gradient=5.0,
    is_saturated=False,
    is_finite=True,
)


GROWN = Past(was_diverse=True, generator_moves=100)


def change(**changes: float) -> Health:
    return dataclasses.replace(FINE, **changes)  # type: ignore[arg-type]


def vary(**changes: float) -> Health:
    return dataclasses.replace(FINE, variety=dataclasses.replace(VARIED, **changes))


@pytest.mark.parametrize(
    ("health", "words"),
    [
        (FINE, None),
        (vary(diversity=0.36), None),
        (vary(diversity=0.34), "samples are alike: diversity 0.34 of the data's"),
        (vary(twins=0.24), None),
        (vary(twins=0.5), "samples repeat: 50% look like another one"),
        (vary(structure=0.46), None),
        (vary(structure=0.44), "samples have few structures: 0.44 of the data's"),
        (change(is_finite=False), "weights are no longer finite"),
        (change(is_saturated=True), "the generator gets no gradient"),
        (change(real_sign=1.0), None),  # a sure one that still teaches is no collapse
        (vary(diversity=math.nan), None),  # data of one image
        (vary(structure=math.nan), None),  # data of one structure
    ],
)
def test_what_is_wrong_is_said(health: Health, words: str | None) -> None:
    reason = diagnose(health, GROWN)
    assert (reason is None) if words is None else (reason is not None and words in reason)


def test_only_what_was_diverse_can_collapse_unless_it_never_becomes_so() -> None:
    grey = vary(diversity=0.02, twins=1.0)
    assert diagnose(grey, Past(False, 100)) is None
    assert diagnose(grey, Past(False, 4000)) is not None
    broken = change(is_finite=False)
    assert diagnose(broken, Past(False, 1)) is not None


def test_structure_is_missed_where_it_was_and_where_it_should_be_by_now() -> None:
    colours = dataclasses.replace(VARIED, structure=0.2)
    assert sameness(colours, Past(False, 999)) is None
    assert sameness(colours, Past(False, 1000)) is not None
    assert sameness(colours, Past(True, 100)) is not None


@pytest.mark.parametrize(
    ("health", "is_good"),
    [
        (FINE, True),
        (vary(diversity=0.59), False),
        (vary(twins=0.2), False),
        (vary(structure=0.64), False),
        (vary(structure=math.nan), True),
        (change(is_finite=False), False),
        (vary(diversity=math.nan), True),
    ],
)
def test_a_state_to_return_to_is_well_clear_of_collapse(health: Health, is_good: bool) -> None:
    assert health.is_good == is_good


def test_gradients_and_signs_are_those_of_the_last_step(
    make_state: Callable[..., TrainingState], make_dataset: Callable[..., ImageDataset]
) -> None:
    state, data = make_state("dcgan-2015"), make_dataset(8)
    losses = train_step(state, data.pixels, None)
    health = measure(state, losses, VARIED)
    for module, norm in (
        (state.generator, health.generator_gradient),
        (state.discriminator, health.discriminator_gradient),
    ):
        squares = sum(float((w.grad**2).sum()) for w in module.parameters() if w.grad is not None)
        assert norm == pytest.approx(squares**0.5, rel=1e-5)
        assert norm > 0
    assert health.real_sign == float(losses.real_sign)
    assert (health.images_seen, health.is_finite, health.variety) == (8, True, VARIED)


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
    assert measure(state, sure, VARIED).is_saturated == is_saturated
    unsure = dataclasses.replace(losses, real_sign=torch.tensor(0.5))
    assert not measure(state, unsure, VARIED).is_saturated

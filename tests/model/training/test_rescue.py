"""Claims on the ladder: every rung is a legal recipe, and keeps the generator."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch

from model.training.dataset import ImageDataset
from model.training.presets import PRESETS
from model.training.rescue import RUNGS, Adjustment, adjust, rebuild
from model.training.state import TrainingState
from model.training.train_step import train_step

MakeState = Callable[..., TrainingState]


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("is_diverging", [False, True])
def test_every_rung_is_a_legal_recipe_that_differs(name: str, is_diverging: bool) -> None:
    config = PRESETS[name]
    for attempt in range(1, RUNGS + 1):
        adjustment = adjust(config, attempt, is_diverging)
        assert adjustment.config != config
        assert adjustment.words
        # What the generator is, and what it has to learn, stays.
        for field in ("architecture", "z_dim", "is_conditional", "conditioning", "pack", "seed"):
            assert getattr(adjustment.config, field) == getattr(config, field)
        config = adjustment.config
    assert (config.loss, config.penalty) == ("relativistic", "r1-r2")
    assert config.r1_gamma > PRESETS[name].r1_gamma


def test_the_classic_recipe_first_slows_its_discriminator_then_changes_the_game() -> None:
    classic = PRESETS["dcgan-2015"]
    first = adjust(classic, 1, is_diverging=False)
    assert first.config == dataclasses.replace(classic, discriminator_rate=0.5)
    assert not first.has_new_discriminator
    second = adjust(first.config, 2, is_diverging=False)
    assert second.has_new_discriminator
    assert second.config.discriminator_normalisation == "none"
    assert (second.config.loss, second.config.r1_gamma) == ("relativistic", 1.0)
    third = adjust(second.config, 3, is_diverging=False)
    assert (third.config.r1_gamma, third.config.learning_rate) == (4.0, 1e-4)
    assert not third.has_new_discriminator


def test_a_recipe_with_penalties_first_gets_more_of_them() -> None:
    first = adjust(PRESETS["dcgan"], 1, is_diverging=False)
    assert first.config == dataclasses.replace(PRESETS["dcgan"], r1_gamma=4.0)
    second = adjust(first.config, 2, is_diverging=False)
    assert second.config.r1_gamma == 16.0
    assert second.has_new_discriminator


def test_a_run_that_diverges_is_slowed_on_every_rung() -> None:
    for attempt in (1, 2, 3):
        adjustment = adjust(PRESETS["dcgan"], attempt, is_diverging=True)
        assert adjustment.config.learning_rate == 1e-4


@pytest.fixture
def good(make_state: MakeState, make_dataset: Callable[..., ImageDataset]) -> TrainingState:
    state = make_state("dcgan-2015")
    for _ in range(3):
        train_step(state, make_dataset(8).pixels, None)
    return state


def weights(state: TrainingState, name: str) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in getattr(state, name).parameters()]


def test_a_rebuilt_run_goes_on_with_the_same_players(good: TrainingState) -> None:
    state = rebuild(good, adjust(good.config, 1, is_diverging=False))
    for name in ("generator", "discriminator", "ema_generator"):
        assert all(map(torch.equal, weights(state, name), weights(good, name)))
    assert state.step == 3
    moments = good.generator_optimizer.state_dict()["state"]
    for index, found in state.generator_optimizer.state_dict()["state"].items():
        assert torch.equal(found["exp_avg"], moments[index]["exp_avg"])


def test_a_rebuilt_run_shares_nothing_with_the_good_one(
    good: TrainingState, make_dataset: Callable[..., ImageDataset]
) -> None:
    before = {name: weights(good, name) for name in ("generator", "discriminator")}
    moments = [
        m["exp_avg"].clone() for m in good.generator_optimizer.state_dict()["state"].values()
    ]
    state = rebuild(good, adjust(good.config, 1, is_diverging=False))
    train_step(state, make_dataset(8).pixels, None)
    for name, kept in before.items():
        assert all(map(torch.equal, weights(good, name), kept))
        assert not any(map(torch.equal, weights(state, name), kept))
    after = [m["exp_avg"] for m in good.generator_optimizer.state_dict()["state"].values()]
    assert all(map(torch.equal, after, moments))


def test_a_new_discriminator_is_new_and_the_generator_is_kept(
    good: TrainingState, make_state: MakeState, make_dataset: Callable[..., ImageDataset]
) -> None:
    state = rebuild(good, adjust(good.config, 2, is_diverging=False))
    assert all(map(torch.equal, weights(state, "generator"), weights(good, "generator")))
    fresh = make_state("dcgan")
    assert all(map(torch.equal, weights(state, "discriminator"), weights(fresh, "discriminator")))
    assert not state.discriminator_optimizer.state_dict()["state"]
    train_step(state, make_dataset(8).pixels, None)
    assert all(np.isfinite(w.numpy()).all() for w in weights(state, "generator"))


def test_another_normalisation_means_a_new_discriminator_whatever_the_rung(
    good: TrainingState,
) -> None:
    # The third rung after the second, when no good state was seen in between.
    second = adjust(good.config, 2, is_diverging=False)
    third = adjust(second.config, 3, is_diverging=False)
    state = rebuild(good, third)
    assert state.config.discriminator_normalisation == "none"
    assert all(map(torch.equal, weights(state, "generator"), weights(good, "generator")))
    assert rebuild(good, Adjustment(good.config, False, "")).step == 3

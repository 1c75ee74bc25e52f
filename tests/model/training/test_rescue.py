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
    assert config.learning_rate < PRESETS[name].learning_rate


def test_the_classic_recipe_first_changes_the_game_and_then_is_flattened() -> None:
    classic = PRESETS["dcgan-2015"]
    first = adjust(classic, 1, is_diverging=False)
    assert first.has_new_discriminator
    assert first.config == dataclasses.replace(PRESETS["dcgan"], preset="dcgan-2015")
    second = adjust(first.config, 2, is_diverging=False)
    assert second.has_new_discriminator
    assert second.config == dataclasses.replace(first.config, r1_gamma=4.0)
    third = adjust(second.config, 3, is_diverging=False)
    assert not third.has_new_discriminator
    assert (third.config.r1_gamma, third.config.learning_rate) == (16.0, 1e-4)


def test_the_game_with_momentum_is_another_game() -> None:
    # It collapsed within 8,000 images.
    config = dataclasses.replace(PRESETS["dcgan"], beta1=0.5)
    first = adjust(config, 1, is_diverging=False)
    assert first.config == PRESETS["dcgan"]
    assert first.has_new_discriminator


def test_a_penalty_without_its_game_is_no_robust_game() -> None:
    classic = dataclasses.replace(
        PRESETS["dcgan-2015"],
        discriminator_normalisation="none",
        penalty="r1-r2",
        r1_gamma=2.0,
    )
    for attempt in (1, 2, 3):
        adjustment = adjust(classic, attempt, is_diverging=False)
        assert (adjustment.config.loss, adjustment.config.r1_gamma) == ("relativistic", 1.0)
        assert adjustment.has_new_discriminator


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


def train_a_little(state: TrainingState, dataset: ImageDataset) -> TrainingState:
    for _ in range(3):
        train_step(state, dataset.pixels, None)
    return state


@pytest.fixture
def good(make_state: MakeState, make_dataset: Callable[..., ImageDataset]) -> TrainingState:
    return train_a_little(make_state("dcgan-2015"), make_dataset(8))


@pytest.fixture
def robust(make_state: MakeState, make_dataset: Callable[..., ImageDataset]) -> TrainingState:
    """A good state whose first rescue keeps its discriminator."""
    return train_a_little(make_state("dcgan"), make_dataset(8))


def weights(state: TrainingState, name: str) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in getattr(state, name).parameters()]


def test_a_rebuilt_run_goes_on_with_the_same_players(robust: TrainingState) -> None:
    state = rebuild(robust, adjust(robust.config, 1, is_diverging=False))
    for name in ("generator", "discriminator", "ema_generator"):
        assert all(map(torch.equal, weights(state, name), weights(robust, name)))
    assert state.step == 3
    moments = robust.generator_optimizer.state_dict()["state"]
    for index, found in state.generator_optimizer.state_dict()["state"].items():
        assert torch.equal(found["exp_avg"], moments[index]["exp_avg"])


def test_a_rebuilt_run_shares_nothing_with_the_good_one(
    robust: TrainingState, make_dataset: Callable[..., ImageDataset]
) -> None:
    before = {name: weights(robust, name) for name in ("generator", "discriminator")}
    moments = [
        m["exp_avg"].clone() for m in robust.generator_optimizer.state_dict()["state"].values()
    ]
    state = rebuild(robust, adjust(robust.config, 1, is_diverging=False))
    train_step(state, make_dataset(8).pixels, None)
    for name, kept in before.items():
        assert all(map(torch.equal, weights(robust, name), kept))
        assert not all(map(torch.equal, weights(state, name), kept))
    after = [m["exp_avg"] for m in robust.generator_optimizer.state_dict()["state"].values()]
    assert all(map(torch.equal, after, moments))


def test_a_new_discriminator_is_new_and_the_generator_is_kept(
    good: TrainingState, make_state: MakeState, make_dataset: Callable[..., ImageDataset]
) -> None:
    state = rebuild(good, adjust(good.config, 1, is_diverging=False))
    assert all(map(torch.equal, weights(state, "generator"), weights(good, "generator")))
    fresh = make_state("dcgan")
    assert all(map(torch.equal, weights(state, "discriminator"), weights(fresh, "discriminator")))
    assert not state.discriminator_optimizer.state_dict()["state"]
    train_step(state, make_dataset(8).pixels, None)
    assert all(np.isfinite(w.numpy()).all() for w in weights(state, "generator"))


def test_the_moments_of_another_optimiser_are_left_behind(
    good: TrainingState, make_dataset: Callable[..., ImageDataset]
) -> None:
    state = rebuild(good, adjust(good.config, 1, is_diverging=False))
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        assert not optimizer.state_dict()["state"]
    train_step(state, make_dataset(8).pixels, None)
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        assert [group["betas"] for group in optimizer.param_groups] == [(0.0, 0.99)]


def test_a_run_by_rmsprop_goes_on_by_adam(
    make_state: MakeState, make_dataset: Callable[..., ImageDataset]
) -> None:
    wgan = train_a_little(make_state("wgan"), make_dataset(8))
    state = rebuild(wgan, adjust(wgan.config, 1, is_diverging=False))
    assert all(map(torch.equal, weights(state, "generator"), weights(wgan, "generator")))
    train_step(state, make_dataset(8).pixels, None)
    assert isinstance(state.generator_optimizer, torch.optim.Adam)
    assert all(np.isfinite(w.numpy()).all() for w in weights(state, "generator"))


def test_another_normalisation_means_a_new_discriminator_whatever_the_rung(
    good: TrainingState,
) -> None:
    # The third rung after the first, when no good state was seen in between.
    first = adjust(good.config, 1, is_diverging=False)
    third = adjust(first.config, 3, is_diverging=False)
    assert not third.has_new_discriminator
    state = rebuild(good, third)
    assert state.config.discriminator_normalisation == "none"
    assert all(map(torch.equal, weights(state, "generator"), weights(good, "generator")))
    assert rebuild(good, Adjustment(good.config, False, "")).step == 3

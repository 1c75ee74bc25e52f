"""Claims on one step of the game, against the same step written out by hand."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from model.discriminators import DISCRIMINATORS
from model.generators import GENERATORS
from model.training.dataset import ImageDataset
from model.training.losses import LOSSES
from model.training.presets import PRESETS
from model.training.randomness import batch_noise
from model.training.state import TrainingState
from model.training.train_step import train_step

# The networks of some presets may not be in this version yet.
BUILDABLE = [
    name
    for name, config in PRESETS.items()
    if config.architecture in GENERATORS and config.discriminator in DISCRIMINATORS
]

MakeState = Callable[..., TrainingState]
MakeDataset = Callable[..., ImageDataset]


def be_native(monkeypatch: pytest.MonkeyPatch, has_bfloat16: bool) -> None:
    """Let the CPU seem to multiply bfloat16 natively, or not to."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has_bfloat16)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)


@pytest.fixture(autouse=True)
def _in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the steps be as exact as those written out by hand, whatever the CPU has."""
    be_native(monkeypatch, has_bfloat16=False)


@pytest.fixture
def pixels(make_dataset: MakeDataset) -> np.ndarray:
    return make_dataset(8).pixels


def as_images(pixels: np.ndarray) -> Tensor:
    return torch.tensor(pixels.transpose(0, 3, 1, 2) / 127.5 - 1, dtype=torch.float32)


def noise(state: TrainingState, draw: int) -> Tensor:
    return torch.from_numpy(batch_noise((8, 6), 5, 2 * state.step + draw))


def first_adam_step(weight: Tensor, gradient: Tensor) -> Tensor:
    # With zero moments and bias correction, the moments are g and g^2 whatever the betas.
    return weight - 2e-4 * gradient / (gradient.abs() + 1e-8)


def test_the_paper_preset_takes_the_textbook_step(
    make_state: MakeState, pixels: np.ndarray
) -> None:
    state = make_state("dcgan-2015")
    generator, discriminator = copy.deepcopy(state.generator), copy.deepcopy(state.discriminator)
    real, ones = as_images(pixels), torch.ones(8)
    with torch.no_grad():
        fake = generator(noise(state, 0))
    d_loss = bce(discriminator(real), ones) + bce(discriminator(fake), torch.zeros(8))
    gradients = torch.autograd.grad(d_loss, list(discriminator.parameters()))
    with torch.no_grad():
        for weight, gradient in zip(discriminator.parameters(), gradients, strict=True):
            weight.copy_(first_adam_step(weight, gradient))
    g_loss = bce(discriminator(generator(noise(state, 1))), ones)
    gradients = torch.autograd.grad(g_loss, list(generator.parameters()))

    losses = train_step(state, pixels, None)
    assert losses.discriminator.item() == pytest.approx(d_loss.item(), rel=1e-5)
    assert losses.generator.item() == pytest.approx(g_loss.item(), rel=1e-5)
    for found, weight in zip(
        state.discriminator.parameters(), discriminator.parameters(), strict=True
    ):
        torch.testing.assert_close(found, weight, rtol=1e-5, atol=1e-6)
    for found, weight, gradient in zip(
        state.generator.parameters(), generator.parameters(), gradients, strict=True
    ):
        torch.testing.assert_close(found, first_adam_step(weight, gradient), rtol=1e-5, atol=1e-6)
    # Without a half-life the average is the generator itself.
    for found, average in zip(
        state.generator.parameters(), state.ema_generator.parameters(), strict=True
    ):
        assert torch.equal(found, average)


def d_loss_of(state: TrainingState, pixels: np.ndarray) -> float:
    return train_step(state, pixels, None).discriminator.item()


def penalty_by_hand(state: TrainingState, pixels: np.ndarray) -> float:
    """Return R1 + R2 at the first step: the mean squared gradients, row by row."""
    total = 0.0
    with torch.no_grad():
        fake = state.generator(noise(state, 0))
    for image in [*as_images(pixels), *fake]:
        row = image[None].clone().requires_grad_()
        (gradient,) = torch.autograd.grad(state.discriminator(row).sum(), row)
        total += gradient.square().sum().item() / 8
    return total


@pytest.mark.parametrize("interval", [1, 4])
@pytest.mark.parametrize("gamma", [1.0, 10.0])
def test_a_penalty_weighs_gamma_over_two_times_area_times_interval(
    make_state: MakeState, pixels: np.ndarray, interval: int, gamma: float
) -> None:
    penalty = penalty_by_hand(make_state(), pixels)
    assert penalty > 0.01
    plain = d_loss_of(make_state(r1_gamma=0.0), pixels)
    whole = d_loss_of(make_state(r1_gamma=gamma, penalty_interval=interval), pixels)
    # Gamma is given for 64 x 64; these images have a sixteenth of its area.
    expected = plain + interval * gamma / 16 / 2 * penalty
    assert whole == pytest.approx(expected, rel=1e-5)


def test_penalties_come_on_every_interval_th_step(
    make_state: MakeState, pixels: np.ndarray
) -> None:
    plain, lazy = make_state(r1_gamma=0.0), make_state(r1_gamma=50.0, penalty_interval=3)
    have_penalty = []
    for step in range(7):
        for state in (plain, lazy):
            state.step = step  # the same weights at every step: only the schedule differs
        a, b = copy.deepcopy(plain), copy.deepcopy(lazy)
        have_penalty.append(d_loss_of(a, pixels) != d_loss_of(b, pixels))
    assert have_penalty == [True, False, False, True, False, False, True]


def test_the_average_follows_with_its_ramped_half_life(
    make_state: MakeState, pixels: np.ndarray
) -> None:
    state = make_state(ema_halflife_kimg=10.0)
    old = copy.deepcopy(state.ema_generator)
    for seen in (8, 16):
        train_step(state, pixels, None)
        beta = 0.5 ** (8 / (0.05 * seen))
        for average, mean, weight in zip(
            old.parameters(),
            state.ema_generator.parameters(),
            state.generator.parameters(),
            strict=True,
        ):
            average.copy_(beta * average + (1 - beta) * weight.detach())
            torch.testing.assert_close(mean, average, rtol=1e-5, atol=1e-7)


def test_the_rate_falls_with_the_root_of_the_images_past_the_start(
    make_state: MakeState, pixels: np.ndarray
) -> None:
    state = make_state(lr_decay_start_kimg=0.016)
    rates = []
    for _ in range(6):
        train_step(state, pixels, None)
        rates += [
            group["lr"]
            for optimizer in (state.generator_optimizer, state.discriminator_optimizer)
            for group in optimizer.param_groups
        ]
    # Karras et al., 2024, equation 67; images seen before a step are 0, 8, 16, 24, ...
    expected = [2e-4 / max(seen / 16, 1) ** 0.5 for seen in range(0, 48, 8)]
    assert rates == pytest.approx([rate for rate in expected for _ in range(2)])


def move_both(state: TrainingState, pixels: np.ndarray) -> None:
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 1]) if state.config.is_conditional else None
    for _ in range(state.config.n_critic):
        train_step(state, pixels, labels)


@pytest.mark.parametrize("preset", BUILDABLE)
def test_every_weight_of_both_players_moves(
    make_state: MakeState, pixels: np.ndarray, preset: str
) -> None:
    state = make_state(preset, z_dim=14)
    before = copy.deepcopy(state)
    for _ in range(2):  # a residual branch that begins at zero lets the first move through nowhere
        move_both(state, pixels)
    for name in ("generator", "discriminator"):
        old: nn.Module = getattr(before, name)
        new: nn.Module = getattr(state, name)
        for (key, weight), moved in zip(old.named_parameters(), new.parameters(), strict=True):
            # Where only differences of logits count, what adds the same to all of them cancels;
            # under a hinge it does as long as all logits are within one of zero.
            loss = state.config.loss
            is_free = LOSSES[loss].boundary is None or loss == "hinge"
            cancels = is_free and key in ("head.bias", "trunk.basis.bias")
            assert torch.equal(weight, moved) == cancels, key
            assert moved.requires_grad
    moves = 2 * state.config.n_critic
    assert (state.step, state.images_seen) == (moves, 8 * moves)


def test_labels_reach_both_players(make_state: MakeState, pixels: np.ndarray) -> None:
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 1])
    losses = []
    for chosen in (labels, labels, (labels + 1) % 3):
        state = make_state(is_conditional=True)
        assert isinstance(state.discriminator.embedding, nn.Embedding)
        nn.init.normal_(state.discriminator.embedding.weight, generator=torch.manual_seed(1))
        step = train_step(state, pixels, chosen)
        losses.append((step.discriminator.item(), step.generator.item()))
    assert losses[0] == losses[1]
    assert losses[0][0] != losses[2][0]
    assert losses[0][1] != losses[2][1]


def test_reported_logits_are_means_of_what_the_discriminator_said(
    make_state: MakeState, pixels: np.ndarray
) -> None:
    state = make_state()
    with torch.no_grad():
        real = state.discriminator(as_images(pixels)).mean().item()
        fake = state.discriminator(copy.deepcopy(state.generator)(noise(state, 0))).mean().item()
    losses = train_step(state, pixels, None)
    assert losses.real_logit.item() == pytest.approx(real, rel=1e-4, abs=1e-6)
    assert losses.fake_logit.item() == pytest.approx(fake, rel=1e-4, abs=1e-6)
    assert not losses.discriminator.requires_grad


@pytest.mark.parametrize("has_bfloat16", [False, True])
def test_bfloat16_is_for_moves_without_a_penalty_where_it_is_native(
    make_state: MakeState,
    pixels: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
    has_bfloat16: bool,
) -> None:
    be_native(monkeypatch, has_bfloat16)
    state = make_state(r1_gamma=1.0, penalty_interval=2)
    moves = []

    def watch(_: nn.Module, __: object, logits: Tensor) -> None:
        # The generator's move leaves the discriminator's weights alone.
        learns = next(state.discriminator.parameters()).requires_grad
        moves.append((state.step, learns, logits.dtype))

    state.discriminator.register_forward_hook(watch)
    for _ in range(2):
        train_step(state, pixels, None)
    fast = torch.bfloat16 if has_bfloat16 else torch.float32
    assert {(step, learns) for step, learns, _ in moves} == {
        *[(0, True), (0, False), (1, True), (1, False)],
    }
    for step, learns, dtype in moves:
        has_penalty = step == 0 and learns
        assert dtype == (torch.float32 if has_penalty else fast)
    for weight in [*state.generator.parameters(), *state.discriminator.parameters()]:
        assert weight.dtype == torch.float32


@pytest.mark.parametrize("changes", [{"seed": 6}, {"learning_rate": 1e-4}, {"r1_gamma": 2.0}])
def test_another_recipe_is_another_run(
    make_state: MakeState, pixels: np.ndarray, changes: dict[str, object]
) -> None:
    weights = []
    for state in (make_state(), make_state(), make_state(**changes)):
        train_step(state, pixels, None)
        weights.append(next(iter(state.discriminator.parameters())))
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])

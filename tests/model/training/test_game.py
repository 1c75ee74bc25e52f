"""Claims on the two players' losses: each recipe adds what its paper adds, by hand."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus

from model.training.ada import AdaState
from model.training.augment import DRAWS, adaptive_augment, diff_augment
from model.training.dataset import ImageDataset
from model.training.game import discriminator_loss, generator_loss
from model.training.randomness import (
    augmentation_draws,
    batch_noise,
    penalty_noise,
    penalty_shares,
)
from model.training.state import TrainingState
from model.training.train_step import train_step

MakeState = Callable[..., TrainingState]
LABELS = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])


@pytest.fixture(autouse=True)
def _in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)


@pytest.fixture
def pixels(make_dataset: Callable[..., ImageDataset]) -> np.ndarray:
    return make_dataset(8).pixels


@pytest.fixture
def images(pixels: np.ndarray) -> Tensor:
    return torch.tensor(pixels.transpose(0, 3, 1, 2) / 127.5 - 1, dtype=torch.float32)


def noise(state: TrainingState, move: int) -> Tensor:
    shape = (8, state.spec.z_dim)
    return torch.from_numpy(batch_noise(shape, 5, 2 * state.step + move))


def fakes(state: TrainingState, move: int, labels: Tensor | None = None) -> Tensor:
    with torch.no_grad():
        images: Tensor = copy.deepcopy(state.generator)(noise(state, move), labels)
    return images


def losses_of(
    state: TrainingState, images: Tensor, labels: Tensor | None = None
) -> tuple[float, float]:
    """Return both players' losses, each from the state as it is."""
    first, second = copy.deepcopy(state), copy.deepcopy(state)
    d_loss, _, _ = discriminator_loss(first, images, labels)
    return d_loss.item(), generator_loss(second, images, labels).item()


def gradient_norms(critic: nn.Module, images: Tensor, pack: int = 1) -> list[float]:
    norms = []
    for start in range(0, len(images), pack):
        rows = images[start : start + pack].clone().requires_grad_()
        (gradient,) = torch.autograd.grad(critic(rows).sum(), rows)
        norms.append(gradient.square().sum().sqrt().item())
    return norms


def test_wgan_gp_penalises_between_pairs_of_real_and_fake(
    make_state: MakeState, images: Tensor
) -> None:
    state = make_state("wgan-gp")
    share = torch.from_numpy(penalty_shares(8, 5, 0))[:, None, None, None]
    fake = fakes(state, 0)
    norms = gradient_norms(state.discriminator, share * images + (1 - share) * fake)
    plain = state.discriminator(fake).mean() - state.discriminator(images).mean()
    expected = plain.item() + 10 * sum((norm - 1) ** 2 for norm in norms) / 8
    assert losses_of(state, images)[0] == pytest.approx(expected, rel=1e-4)


def test_dragan_penalises_around_the_real_images(make_state: MakeState, images: Tensor) -> None:
    state = make_state("dragan", penalty_interval=4)
    delta = 0.5 * images.std() * torch.from_numpy(penalty_noise(tuple(images.shape), 5, 0))
    norms = gradient_norms(state.discriminator, images + delta)
    real, fake = state.discriminator(images), state.discriminator(fakes(state, 0))
    plain = (softplus(-real) + softplus(fake)).mean().item()
    expected = plain + 4 * 10 * sum((norm - 1) ** 2 for norm in norms) / 8
    assert losses_of(state, images)[0] == pytest.approx(expected, rel=1e-4)


def test_gamma_falls_with_the_root_of_the_images_past_its_start(
    make_state: MakeState, images: Tensor
) -> None:
    def loss_after(images_seen: int, **recipe: float) -> float:
        state = make_state("dcgan", penalty_interval=1, **recipe)
        state.step = images_seen // 8
        return losses_of(state, images)[0]

    for images_seen, share in ((8, 1.0), (16, 1.0), (64, 0.5)):
        falling = loss_after(images_seen, r1_gamma=4.0, gamma_decay_start_kimg=0.016)
        assert falling == pytest.approx(loss_after(images_seen, r1_gamma=4.0 * share))


def test_a_critics_moves_are_clipped_and_the_generator_waits_for_five(
    make_state: MakeState, pixels: np.ndarray
) -> None:
    state = make_state("wgan")
    before = [weight.clone() for weight in state.generator.parameters()]
    moved = []
    for _ in range(10):
        train_step(state, pixels, None)
        after = [weight.clone() for weight in state.generator.parameters()]
        moved.append(not all(map(torch.equal, before, after)))
        before = after
        assert max(w.abs().max().item() for w in state.discriminator.parameters()) <= 0.01 + 1e-9
    assert moved == [step % 5 == 4 for step in range(10)]


def test_the_average_counts_the_images_of_all_the_critics_moves(
    make_state: MakeState, pixels: np.ndarray
) -> None:
    state = make_state("wgan", ema_halflife_kimg=10.0)
    old = copy.deepcopy(state.ema_generator)
    for _ in range(5):
        train_step(state, pixels, None)
    beta = 0.5 ** (5 * 8 / (0.05 * 40))
    for start, mean, weight in zip(
        old.parameters(),
        state.ema_generator.parameters(),
        state.generator.parameters(),
        strict=True,
    ):
        torch.testing.assert_close(mean, beta * start + (1 - beta) * weight.detach())


def test_smoothing_lowers_the_target_of_real_images_only(
    make_state: MakeState, images: Tensor
) -> None:
    state = make_state("dcgan-2015", label_smoothing=0.1)
    critic = copy.deepcopy(state.discriminator)
    real, fake = critic(images), critic(fakes(state, 0))
    expected = (0.9 * softplus(-real) + 0.1 * softplus(real) + softplus(fake)).mean()
    plain = make_state("dcgan-2015")
    d_loss, g_loss = losses_of(state, images)
    assert d_loss == pytest.approx(expected.item(), rel=1e-5)
    assert g_loss == losses_of(plain, images)[1]


def test_acgan_finds_classes_in_real_and_fake_and_is_never_told_them(
    make_state: MakeState, images: Tensor
) -> None:
    state = make_state("acgan")
    assert state.discriminator.embedding is None
    critic = copy.deepcopy(state.discriminator)
    real, real_scores = critic.judge(images)
    fake, fake_scores = critic.judge(fakes(state, 0, LABELS))
    expected = (softplus(-real) + softplus(fake)).mean()
    expected = expected + cross_entropy(real_scores, LABELS) + cross_entropy(fake_scores, LABELS)
    moved, scores = copy.deepcopy(state.discriminator).judge(fakes(state, 1, LABELS))
    of_generator = softplus(-moved).mean() + cross_entropy(scores, LABELS)
    found = losses_of(state, images, LABELS)
    assert found == pytest.approx((expected.item(), of_generator.item()), rel=1e-4)


def test_infogan_finds_the_codes_of_its_own_z_in_fakes_only(
    make_state: MakeState, images: Tensor
) -> None:
    plain = make_state("dcgan-2015", z_dim=14)
    state = make_state("infogan", z_dim=14, code_weight=0.5)
    for name in ("generator", "discriminator"):
        getattr(state, name).load_state_dict(getattr(plain, name).state_dict(), strict=False)
    critic = copy.deepcopy(state.discriminator)
    expected = []
    for move, adversarial in enumerate(losses_of(plain, images)):
        z = noise(state, move)
        _, outputs = copy.deepcopy(critic).judge(fakes(state, move))  # type: ignore[operator]
        mutual = cross_entropy(outputs[:, :10], z[:, :10].argmax(1))
        errors = (outputs[:, 10:12] - z[:, 10:12]).square() + np.log(2 * np.pi)
        mutual = mutual + errors.sum(1).mean() / 2
        expected.append(adversarial + 0.5 * mutual.item())
    assert losses_of(state, images) == pytest.approx(tuple(expected), rel=1e-4)


def test_a_packed_discriminator_judges_neighbours_as_channels(
    make_state: MakeState, images: Tensor
) -> None:
    state = make_state("pacgan2")
    seen: list[Tensor] = []
    state.discriminator.get_submodule("trunk").register_forward_pre_hook(
        lambda _, args: seen.append(args[0])
    )
    _, real_logits, fake_logits = discriminator_loss(state, images, None)
    assert (len(real_logits), len(fake_logits)) == (4, 4)
    for pair in range(4):
        together = torch.cat([images[2 * pair], images[2 * pair + 1]])
        assert torch.equal(seen[0][pair], together)


@pytest.mark.parametrize("penalty", ["r1-r2", "wgan-gp"])
def test_a_packed_penalty_is_of_whole_packs(
    make_state: MakeState, images: Tensor, penalty: str
) -> None:
    changes: dict[str, object] = {"r1_gamma": 1.0, "penalty_interval": 1}
    if penalty == "wgan-gp":
        changes = {"penalty": "wgan-gp", "penalty_weight": 2.0, "r1_gamma": 0.0}
        changes["penalty_interval"] = 1
    state = make_state("dcgan", pack=2, **changes)
    plain = make_state("dcgan", pack=2, r1_gamma=0.0)
    fake = fakes(state, 0)
    if penalty == "r1-r2":
        squares = [
            norm**2
            for batch in (images, fake)
            for norm in gradient_norms(state.discriminator, batch, pack=2)
        ]
        cost = 1.0 / 16 / 2 * sum(squares) / 4
    else:
        share = torch.from_numpy(penalty_shares(4, 5, 0)).repeat_interleave(2)
        share = share[:, None, None, None]
        between = share * images + (1 - share) * fake
        norms = gradient_norms(state.discriminator, between, pack=2)
        cost = 2.0 * sum((norm - 1) ** 2 for norm in norms) / 4
    expected = losses_of(plain, images)[0] + cost
    assert losses_of(state, images)[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("augment", ["diffaugment", "ada"])
def test_both_kinds_of_image_are_augmented_on_their_own_in_both_moves(
    make_state: MakeState, images: Tensor, augment: str
) -> None:
    state = make_state("dcgan", augment=augment, r1_gamma=0.0)
    state.ada = AdaState(0.6)
    state.step = 3
    seen: list[Tensor] = []
    state.discriminator.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    discriminator_loss(state, images, None)
    generator_loss(state, images, None)
    inputs = [images, fakes(state, 0), fakes(state, 1), images]
    for batch, (found, plain) in enumerate(zip(seen, inputs, strict=True)):
        draws = torch.from_numpy(augmentation_draws((8, DRAWS), 5, 5 * 3 + batch))
        expected = (
            diff_augment(plain, draws)
            if augment == "diffaugment"
            else adaptive_augment(plain, draws, 0.6)
        )
        torch.testing.assert_close(found, expected)
        assert not torch.equal(found, plain)


def test_the_generator_learns_through_the_augmentation(
    make_state: MakeState, pixels: np.ndarray
) -> None:
    state = make_state("dcgan", augment="diffaugment")
    before = copy.deepcopy(state.generator)
    train_step(state, pixels, None)
    for old, new in zip(before.parameters(), state.generator.parameters(), strict=True):
        assert not torch.equal(old, new)


def test_ada_raises_p_while_the_discriminator_is_always_right(
    make_state: MakeState, pixels: np.ndarray
) -> None:
    state = make_state("sngan", augment="ada", ada_kimg=1.0)
    with torch.no_grad():
        dict(state.discriminator.named_parameters())["head.bias"].fill_(100.0)
    ps = []
    for _ in range(8):
        train_step(state, pixels, None)
        ps.append(state.ada.p)
    assert ps == pytest.approx([0, 0, 0, 0.032, 0.032, 0.032, 0.032, 0.064])


def test_spectral_weights_have_a_largest_singular_value_of_one(
    make_state: MakeState, pixels: np.ndarray
) -> None:
    state = make_state("sngan")
    for _ in range(40):  # one power iteration a forward pass
        train_step(state, pixels, None)
    layers = [x for x in state.discriminator.modules() if isinstance(x, nn.Conv2d | nn.Linear)]
    assert len(layers) == 3
    for layer in layers:
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2).item()
        assert largest == pytest.approx(1.0, rel=0.02)

"""Claims on the gradient penalty, in float64 against calculus by hand and by differences."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from model.discriminators import Discriminator, DiscriminatorSpec, build_discriminator
from model.spec import GeneratorSpec
from model.training.penalties import (
    clip_weights,
    interpolate,
    one_centred_gradient_penalty,
    perturb,
    zero_centred_gradient_penalty,
)

Critic = Callable[[Tensor], Tensor]
SPEC = GeneratorSpec("dcgan", 16, 1)


@pytest.fixture
def discriminator() -> Discriminator:
    torch.manual_seed(2)
    return build_discriminator(SPEC, DiscriminatorSpec("dcgan", 2)).double()


def random_images(count: int) -> Tensor:
    torch.manual_seed(3)
    return torch.rand(count, 1, 16, 16, dtype=torch.float64) * 2 - 1


def penalty_of(critic: Critic, images: Tensor) -> Tensor:
    images = images.clone().requires_grad_()
    return zero_centred_gradient_penalty(images, critic(images))


def test_of_a_linear_critic_it_is_the_squared_norm_of_its_weights() -> None:
    images = random_images(5)
    w = torch.linspace(-2, 3, 256, dtype=torch.float64).reshape(1, 1, 16, 16)
    penalty = penalty_of(lambda x: (x * w).sum(dim=(1, 2, 3)) + 7, images)
    assert penalty.item() == pytest.approx((w**2).sum().item(), rel=1e-12)


def test_of_a_squared_norm_it_is_four_times_the_mean_squared_norm() -> None:
    images = random_images(5)
    penalty = penalty_of(lambda x: (x**2).sum(dim=(1, 2, 3)), images)
    assert penalty.item() == pytest.approx(4 * (images**2).sum().item() / 5, rel=1e-12)


def test_of_a_constant_critic_it_is_zero() -> None:
    assert penalty_of(lambda x: x.sum(dim=(1, 2, 3)) * 0, random_images(2)).item() == 0


@torch.no_grad()
def test_it_is_the_squared_gradient_that_finite_differences_find(
    discriminator: Discriminator,
) -> None:
    images, step = random_images(3), 1e-6
    total = 0.0
    for image in images:
        shifts = torch.eye(256, dtype=torch.float64).reshape(256, 1, 16, 16) * step
        slopes = (discriminator(image + shifts) - discriminator(image - shifts)) / (2 * step)
        total += (slopes**2).sum().item()
    with torch.enable_grad():
        penalty = penalty_of(discriminator, images)
    assert penalty.item() == pytest.approx(total / 3, rel=1e-6)


def test_its_own_gradient_is_the_one_that_finite_differences_find(
    discriminator: Discriminator,
) -> None:
    images = random_images(4)
    weights = [*discriminator.parameters()]
    penalty_of(discriminator, images).backward()
    step = 1e-5
    moved = 0.0
    torch.manual_seed(9)
    for weight in weights:
        direction = torch.randn_like(weight)
        slope = 0.0
        for sign in (1, -1):
            with torch.no_grad():
                weight.add_(direction, alpha=sign * step)
            slope += sign * penalty_of(discriminator, images).item() / (2 * step)
            with torch.no_grad():
                weight.sub_(direction, alpha=sign * step)
        found = 0.0 if weight.grad is None else (weight.grad * direction).sum().item()
        assert found == pytest.approx(slope, rel=1e-4, abs=1e-6)
        moved += abs(found)
    assert moved > 1


def test_rows_are_penalised_alone(discriminator: Discriminator) -> None:
    images = random_images(4)
    alone = [penalty_of(discriminator, images[row : row + 1]).item() for row in range(4)]
    assert penalty_of(discriminator, images).item() == pytest.approx(sum(alone) / 4, rel=1e-12)


def test_a_conditional_critic_is_penalised_with_its_class_term() -> None:
    torch.manual_seed(2)
    spec = dataclasses.replace(SPEC, num_classes=3)
    critic = build_discriminator(spec, DiscriminatorSpec("dcgan", 2)).double()
    images, labels = random_images(3), torch.tensor([0, 1, 2])
    before = penalty_of(lambda x: critic(x, labels), images).item()
    assert critic.embedding is not None
    with torch.no_grad():
        critic.embedding.weight[1] = 1.0
    after = penalty_of(lambda x: critic(x, labels), images).item()
    assert after != pytest.approx(before, rel=1e-3)


def one_centred_of(critic: Critic, images: Tensor) -> Tensor:
    images = images.clone().requires_grad_()
    return one_centred_gradient_penalty(images, critic(images))


def test_of_a_linear_critic_the_one_centred_is_how_far_its_norm_is_from_one() -> None:
    w = torch.linspace(-2, 3, 256, dtype=torch.float64).reshape(1, 1, 16, 16)
    for scale in (0.001, 0.5, 2.0):
        slope = scale * w

        def critic(images: Tensor, slope: Tensor = slope) -> Tensor:
            return (images * slope).sum(dim=(1, 2, 3))

        penalty = one_centred_of(critic, random_images(3))
        assert penalty.item() == pytest.approx(((scale * w).norm().item() - 1) ** 2, rel=1e-12)


def test_of_a_squared_norm_the_one_centred_is_by_hand() -> None:
    # D(x) = a ||x||^2 has the gradient 2 a x, and the penalty (2 a ||x|| - 1)^2 the slope
    # 2 (2 a ||x|| - 1) 2 ||x|| in a: a double backward pass, by hand.
    images = random_images(5)
    a = torch.tensor(0.03, dtype=torch.float64, requires_grad=True)
    penalty = one_centred_of(lambda x: a * x.square().sum(dim=(1, 2, 3)), images)
    penalty.backward()
    norms = [image.norm().item() for image in images]
    expected = sum((2 * 0.03 * norm - 1) ** 2 for norm in norms) / 5
    slope = sum(2 * (2 * 0.03 * norm - 1) * 2 * norm for norm in norms) / 5
    assert penalty.item() == pytest.approx(expected, rel=1e-12)
    assert a.grad is not None
    assert a.grad.item() == pytest.approx(slope, rel=1e-12)


def test_a_flat_critic_costs_one_and_no_infinity() -> None:
    w = torch.zeros(1, 1, 16, 16, dtype=torch.float64, requires_grad=True)
    penalty = one_centred_of(lambda x: (x * w).sum(dim=(1, 2, 3)), random_images(2))
    penalty.backward()
    assert penalty.item() == pytest.approx(1.0)
    assert w.grad is not None
    assert w.grad.isfinite().all()


@pytest.mark.parametrize("penalty", [zero_centred_gradient_penalty, one_centred_gradient_penalty])
def test_images_that_were_judged_together_have_one_gradient(
    penalty: Callable[[Tensor, Tensor], Tensor],
) -> None:
    images = random_images(6)
    torch.manual_seed(8)
    w = torch.randn(2, 1, 16, 16, dtype=torch.float64) / 10
    leaf = images.clone().requires_grad_()
    logits = (leaf.unflatten(0, (3, 2)).square() * w).sum(dim=(1, 2, 3, 4))
    squares = [
        sum((2 * w[place] * images[2 * pair + place]).square().sum().item() for place in (0, 1))
        for pair in range(3)
    ]
    is_centred_on_one = penalty is one_centred_gradient_penalty
    costs = [(square**0.5 - 1) ** 2 if is_centred_on_one else square for square in squares]
    expected = sum(costs) / 3
    assert penalty(leaf, logits).item() == pytest.approx(expected, rel=1e-12)


def test_points_between_lie_on_the_line_of_their_pair() -> None:
    real, fake = random_images(3), random_images(6)[3:]
    shares = torch.tensor([0.0, 0.25, 1.0], dtype=torch.float64)
    between = interpolate(real, fake, shares)
    assert torch.equal(between[0], fake[0])
    assert torch.equal(between[2], real[2])
    torch.testing.assert_close(between[1], fake[1] + 0.25 * (real[1] - fake[1]))


def test_dragan_moves_every_pixel_by_half_the_deviation_of_the_data() -> None:
    images, noise = random_images(3), torch.ones(3, 1, 16, 16, dtype=torch.float64)
    mean = images.mean()
    deviation = ((images - mean) ** 2).sum().item() / (images.numel() - 1)
    moved = perturb(images, noise) - images
    assert moved.flatten().tolist() == pytest.approx([deviation**0.5 / 2] * 768)
    assert torch.equal(perturb(images, 0 * noise), images)


def test_clipping_moves_only_the_weights_that_are_too_far() -> None:
    weight = torch.nn.Parameter(torch.tensor([-0.5, -0.01, 0.003, 0.02]))
    clip_weights([weight], 0.01)
    assert weight.tolist() == pytest.approx([-0.01, -0.01, 0.003, 0.01])

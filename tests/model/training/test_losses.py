"""Claims on the losses: what their papers write, in plain arithmetic."""

from __future__ import annotations

import math
import random

import pytest
import torch
from torch import Tensor

from model.training.losses import LOSSES, label_smoothing_term, real_signs


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def logits(seed: int) -> list[float]:
    rng = random.Random(seed)
    return [rng.gauss(0, 3) for _ in range(50)]


def as_tensor(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


REAL, FAKE = logits(1), logits(2)
PAIRS = list(zip(REAL, FAKE, strict=True))

MEAN_REAL, MEAN_FAKE = sum(REAL) / len(REAL), sum(FAKE) / len(FAKE)
BCE = [-math.log(sigmoid(real)) - math.log(1 - sigmoid(fake)) for real, fake in PAIRS]

# Each formula as its paper writes it, with the sigmoid where the paper has a probability.
EXPECTED = {
    ("minimax", "discriminator"): BCE,
    ("minimax", "generator"): [math.log(1 - sigmoid(fake)) for fake in FAKE],
    ("non-saturating", "discriminator"): BCE,
    ("non-saturating", "generator"): [-math.log(sigmoid(fake)) for fake in FAKE],
    ("least-squares", "discriminator"): [(real - 1) ** 2 / 2 + fake**2 / 2 for real, fake in PAIRS],
    ("least-squares", "generator"): [(fake - 1) ** 2 / 2 for fake in FAKE],
    ("wasserstein", "discriminator"): [fake - real for real, fake in PAIRS],
    ("wasserstein", "generator"): [-fake for fake in FAKE],
    ("hinge", "discriminator"): [-min(0, -1 + real) - min(0, -1 - fake) for real, fake in PAIRS],
    ("hinge", "generator"): [-fake for fake in FAKE],
    ("relativistic", "discriminator"): [-math.log(sigmoid(real - fake)) for real, fake in PAIRS],
    ("relativistic", "generator"): [-math.log(sigmoid(fake - real)) for real, fake in PAIRS],
    ("relativistic-average", "discriminator"): [
        -math.log(sigmoid(real - MEAN_FAKE)) - math.log(1 - sigmoid(fake - MEAN_REAL))
        for real, fake in PAIRS
    ],
    ("relativistic-average", "generator"): [
        -math.log(1 - sigmoid(real - MEAN_FAKE)) - math.log(sigmoid(fake - MEAN_REAL))
        for real, fake in PAIRS
    ],
}


def test_every_loss_is_checked() -> None:
    assert {name for name, _ in EXPECTED} == set(LOSSES)


def compute(name: str, side: str, real: Tensor, fake: Tensor) -> Tensor:
    loss: Tensor = getattr(LOSSES[name], side)(real, fake)
    return loss


@pytest.mark.parametrize(("name", "side"), EXPECTED)
def test_a_loss_is_the_mean_of_its_papers_formula(name: str, side: str) -> None:
    loss = compute(name, side, as_tensor(REAL), as_tensor(FAKE))
    terms = EXPECTED[name, side]
    assert loss.shape == ()
    assert loss.item() == pytest.approx(sum(terms) / len(terms), rel=1e-12)


@pytest.mark.parametrize(("name", "side"), EXPECTED)
def test_its_gradient_is_the_one_that_finite_differences_find(name: str, side: str) -> None:
    real, fake = as_tensor(REAL), as_tensor(FAKE)
    (compute(name, side, real, fake) + 0 * real.sum() + 0 * fake.sum()).backward()
    step = 1e-5
    for row in range(0, len(PAIRS), 7):
        for kind, leaf in enumerate((real, fake)):
            costs = []
            for sign in (1, -1):
                moved = [as_tensor(REAL).detach(), as_tensor(FAKE).detach()]
                moved[kind][row] += sign * step
                costs.append(compute(name, side, *moved).item())
            assert leaf.grad is not None
            slope = (costs[0] - costs[1]) / (2 * step)
            assert leaf.grad[row].item() == pytest.approx(slope, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(("name", "side"), EXPECTED)
def test_huge_logits_never_give_infinities(name: str, side: str) -> None:
    for sign in (1, -1):
        real = torch.tensor([sign * 1e4], requires_grad=True)
        fake = torch.tensor([-sign * 1e4], requires_grad=True)
        loss = compute(name, side, real, fake)
        loss.backward()
        assert loss.isfinite()
        assert fake.grad is not None
        assert fake.grad.isfinite().all()


def test_an_undecided_discriminator_costs_log_two_an_answer() -> None:
    zeros = torch.zeros(4, dtype=torch.float64)
    answers = {
        ("minimax", "discriminator"): 2,
        ("minimax", "generator"): -1,
        ("non-saturating", "discriminator"): 2,
        ("non-saturating", "generator"): 1,
        ("relativistic", "discriminator"): 1,
        ("relativistic", "generator"): 1,
        ("relativistic-average", "discriminator"): 2,
        ("relativistic-average", "generator"): 2,
    }
    costs = {key: compute(*key, zeros, zeros).item() for key in answers}
    assert costs == pytest.approx({key: n * math.log(2) for key, n in answers.items()})


def test_the_minimax_generator_learns_nothing_from_a_sure_discriminator() -> None:
    slopes = {}
    for name in ("minimax", "non-saturating"):
        fake = torch.tensor([-20.0], requires_grad=True)
        compute(name, "generator", fake.detach(), fake).backward()
        assert fake.grad is not None
        slopes[name] = abs(fake.grad.item())
    assert slopes["minimax"] < 1e-8
    assert slopes["non-saturating"] > 0.99


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.3])
def test_smoothing_is_cross_entropy_with_a_lower_target_for_real_images(smoothing: float) -> None:
    real, fake = as_tensor(REAL), as_tensor(FAKE)
    smoothed = compute("non-saturating", "discriminator", real, fake)
    smoothed = smoothed + label_smoothing_term(real, smoothing)
    target = 1 - smoothing
    terms = [-target * math.log(sigmoid(r)) - smoothing * math.log(1 - sigmoid(r)) for r in REAL]
    terms_of_fakes = [-math.log(1 - sigmoid(f)) for f in FAKE]
    assert smoothed.item() == pytest.approx((sum(terms) + sum(terms_of_fakes)) / 50, rel=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_only_losses_that_compare_images_look_at_the_real_logits(name: str) -> None:
    real, fake = as_tensor(REAL), as_tensor(FAKE)
    moved = compute(name, "generator", real + 1, fake)
    is_moved = moved.item() != compute(name, "generator", real, fake).item()
    assert is_moved == LOSSES[name].is_relativistic


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_without_a_boundary_is_one_of_differences(name: str) -> None:
    real, fake = as_tensor(REAL), as_tensor(FAKE)
    still = compute(name, "discriminator", real, fake).item()
    moved = compute(name, "discriminator", real + 7, fake + 7).item()
    assert (moved == pytest.approx(still)) == (LOSSES[name].boundary is None)


def test_signs_count_from_where_the_loss_is_undecided() -> None:
    real, fake = torch.tensor([0.7, 0.2, -0.1, 3.0]), torch.tensor([2.0, 2.0, 3.0, 1.0])
    signs = {name: real_signs(loss, real, fake).item() for name, loss in LOSSES.items()}
    assert signs == {
        **dict.fromkeys(("minimax", "non-saturating", "hinge"), 0.5),
        "least-squares": 0.0,
        **dict.fromkeys(("wasserstein", "relativistic", "relativistic-average"), -0.5),
    }


def test_a_relativistic_loss_sees_only_differences_of_pairs() -> None:
    real, fake = as_tensor(REAL), as_tensor(FAKE)
    for side in ("discriminator", "generator"):
        moved = compute("relativistic", side, real + 7, fake + 7)
        assert moved.item() == pytest.approx(compute("relativistic", side, real, fake).item())
        swapped = compute("relativistic", side, real.flip(0), fake)
        assert swapped.item() != pytest.approx(compute("relativistic", side, real, fake).item())

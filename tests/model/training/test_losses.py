"""Claims on the losses: what their papers write, in plain arithmetic."""

from __future__ import annotations

import math
import random

import pytest
import torch
from torch import Tensor

from model.training.losses import LOSSES


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def logits(seed: int) -> list[float]:
    rng = random.Random(seed)
    return [rng.gauss(0, 3) for _ in range(50)]


def as_tensor(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


REAL, FAKE = logits(1), logits(2)
PAIRS = list(zip(REAL, FAKE, strict=True))

# Goodfellow et al., 2014, equation 1 and section 3; Jolicoeur-Martineau, 2019, equations 4 and 5.
EXPECTED = {
    ("non-saturating", "discriminator"): [
        -math.log(sigmoid(real)) - math.log(1 - sigmoid(fake)) for real, fake in PAIRS
    ],
    ("non-saturating", "generator"): [-math.log(sigmoid(fake)) for _, fake in PAIRS],
    ("relativistic", "discriminator"): [-math.log(sigmoid(real - fake)) for real, fake in PAIRS],
    ("relativistic", "generator"): [-math.log(sigmoid(fake - real)) for real, fake in PAIRS],
}


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
def test_its_gradient_is_that_of_the_formula(name: str, side: str) -> None:
    real, fake = as_tensor(REAL), as_tensor(FAKE)
    compute(name, side, real, fake).backward()
    count = len(PAIRS)
    for row, (r, f) in enumerate(PAIRS):
        # d/dx -log sigmoid(x) = sigmoid(x) - 1, and d/dx -log(1 - sigmoid(x)) = sigmoid(x).
        of_real, of_fake = {
            ("non-saturating", "discriminator"): (sigmoid(r) - 1, sigmoid(f)),
            ("non-saturating", "generator"): (0.0, sigmoid(f) - 1),
            ("relativistic", "discriminator"): (sigmoid(r - f) - 1, 1 - sigmoid(r - f)),
            ("relativistic", "generator"): (1 - sigmoid(f - r), sigmoid(f - r) - 1),
        }[name, side]
        found_real = 0.0 if real.grad is None else real.grad[row].item()
        assert found_real * count == pytest.approx(of_real, abs=1e-12)
        assert fake.grad is not None
        assert fake.grad[row].item() * count == pytest.approx(of_fake, abs=1e-12)


@pytest.mark.parametrize(("name", "side"), EXPECTED)
def test_huge_logits_give_huge_losses_and_never_infinities(name: str, side: str) -> None:
    for sign in (1, -1):
        real = torch.tensor([sign * 1e4], requires_grad=True)
        fake = torch.tensor([-sign * 1e4], requires_grad=True)
        loss = compute(name, side, real, fake)
        loss.backward()
        assert 0 <= loss.item() <= 2e4
        assert fake.grad is not None
        assert fake.grad.isfinite().all()


def test_an_undecided_discriminator_costs_log_two_an_answer() -> None:
    zeros = torch.zeros(4, dtype=torch.float64)
    costs = {key: compute(*key, zeros, zeros).item() for key in EXPECTED}
    answers = {key: 2 if key == ("non-saturating", "discriminator") else 1 for key in EXPECTED}
    assert costs == pytest.approx({key: n * math.log(2) for key, n in answers.items()})


def test_a_relativistic_loss_sees_only_differences_of_pairs() -> None:
    real, fake = as_tensor(REAL), as_tensor(FAKE)
    for side in ("discriminator", "generator"):
        moved = compute("relativistic", side, real + 7, fake + 7)
        assert moved.item() == pytest.approx(compute("relativistic", side, real, fake).item())
        swapped = compute("relativistic", side, real.flip(0), fake)
        assert swapped.item() != pytest.approx(compute("relativistic", side, real, fake).item())

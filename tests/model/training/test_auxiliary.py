"""Claims on classes and codes: what the papers write, in plain arithmetic."""

from __future__ import annotations

import math
import random

import pytest
import torch

from model.training.auxiliary import LatentCodes, class_loss, code_loss

rng = random.Random(3)
SCORES = [[rng.gauss(0, 2) for _ in range(5)] for _ in range(7)]


def log_softmax(scores: list[float], chosen: int) -> float:
    return math.log(math.exp(scores[chosen]) / sum(math.exp(score) for score in scores))


def test_the_class_loss_is_the_mean_surprise_at_the_right_class() -> None:
    labels = [0, 4, 2, 2, 1, 3, 0]
    expected = -sum(map(log_softmax, SCORES, labels)) / 7
    loss = class_loss(torch.tensor(SCORES, dtype=torch.float64), torch.tensor(labels))
    assert loss.item() == pytest.approx(expected, rel=1e-12)


def test_the_code_loss_is_minus_the_log_likelihood_of_the_codes() -> None:
    z = [[rng.gauss(0, 1) for _ in range(9)] for _ in range(7)]
    total = 0.0
    for scores, row in zip(SCORES, z, strict=True):
        category = row[:3].index(max(row[:3]))
        total -= log_softmax(scores[:3], category)
        for mean, code in zip(scores[3:], row[3:5], strict=True):
            total -= math.log(math.exp(-((code - mean) ** 2) / 2) / math.sqrt(2 * math.pi))
    loss = code_loss(
        torch.tensor(SCORES, dtype=torch.float64),
        torch.tensor(z, dtype=torch.float64),
        LatentCodes(categories=3, continuous=2),
    )
    assert loss.item() == pytest.approx(total / 7, rel=1e-12)


def test_a_category_of_a_plain_z_is_uniform() -> None:
    z = torch.randn(20_000, 12, generator=torch.manual_seed(0))
    counts = torch.bincount(z[:, :10].argmax(dim=1), minlength=10)
    # Four standard deviations of a binomial of 20,000 draws and probability 0.1.
    assert (counts - 2000).abs().max() < 4 * math.sqrt(20_000 * 0.1 * 0.9)


def test_codes_bound_the_information_from_below() -> None:
    # I(c; x) >= H(c) + E log Q(c | x): with a perfect Q it is all of the categories' entropy,
    # with one that knows nothing it is nothing.
    codes = LatentCodes(categories=4)
    z = torch.randn(50, 6, dtype=torch.float64, generator=torch.manual_seed(1))
    perfect = torch.nn.functional.one_hot(z[:, :4].argmax(dim=1), 4) * 100.0
    assert math.log(4) - code_loss(perfect, z, codes).item() == pytest.approx(math.log(4))
    ignorant = torch.zeros(50, 4, dtype=torch.float64)
    assert math.log(4) - code_loss(ignorant, z, codes).item() == pytest.approx(0.0, abs=1e-12)


def test_without_codes_nothing_is_asked() -> None:
    assert LatentCodes().outputs == 0
    assert code_loss(torch.zeros(3, 0), torch.zeros(3, 4), LatentCodes()).item() == 0

"""Claims on the judge of classes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from model.training.metrics.classifier import classify, train_judge


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """600 real digits of 16 x 16 pixels."""
    found = load_digits()
    pixels = np.kron(found.images[:600] * 15.9, np.ones((2, 2))).astype(np.uint8)
    return pixels[..., None], found.target[:600].astype(np.int64)


def test_it_learns_digits_and_knows_how_well(digits: tuple[np.ndarray, np.ndarray]) -> None:
    pixels, labels = digits
    judge = train_judge(pixels, labels, 10)
    assert judge.accuracy.value > 0.85
    other = load_digits()
    fresh = np.kron(other.images[600:1000] * 15.9, np.ones((2, 2))).astype(np.uint8)[..., None]
    right = (classify(judge.network, fresh) == other.target[600:1000]).mean()
    assert right == pytest.approx(judge.accuracy.value, abs=0.1)


def test_labels_without_meaning_cannot_be_learned(digits: tuple[np.ndarray, np.ndarray]) -> None:
    pixels, _ = digits
    labels = np.random.default_rng(1).integers(0, 4, 300)
    accuracy = train_judge(pixels[:300], labels, 4).accuracy
    assert accuracy.low <= 0.25 <= accuracy.high


def test_the_same_seed_gives_the_same_judge_and_leaves_torchs_own_alone(
    digits: tuple[np.ndarray, np.ndarray],
) -> None:
    pixels, labels = digits[0][:120], digits[1][:120]
    torch.manual_seed(3)
    before = torch.get_rng_state()
    judges = [train_judge(pixels, labels, 10, seed=5) for _ in range(2)]
    assert torch.equal(torch.get_rng_state(), before)
    for a, b in zip(*(judge.network.parameters() for judge in judges), strict=True):
        assert torch.equal(a, b)


def test_too_little_to_learn_from_is_refused(digits: tuple[np.ndarray, np.ndarray]) -> None:
    pixels, labels = digits
    with pytest.raises(ValueError, match="ten images of two classes"):
        train_judge(pixels[:9], labels[:9], 10)
    with pytest.raises(ValueError, match="ten images of two classes"):
        train_judge(pixels, labels * 0, 1)

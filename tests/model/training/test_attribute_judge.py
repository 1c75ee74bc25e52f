from __future__ import annotations

import numpy as np
import pytest
import torch

from model.training.attribute_judge import balanced_accuracies, to_images, train_attribute_judge


def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise with a bright upper half, a bright left half, both or neither; and a coin."""
    stream = np.random.default_rng(0)
    pixels = stream.integers(0, 80, (count, 16, 16, 1)).astype(np.uint8)
    attributes = stream.integers(0, 2, (count, 3)).astype(np.uint8)
    pixels[attributes[:, 0] == 1, :8] += 60
    pixels[attributes[:, 1] == 1, :, :8] += 60
    return pixels, attributes


def test_a_judge_sees_what_is_there_and_guesses_what_is_not() -> None:
    pixels, attributes = draw(900)
    judge = train_attribute_judge(pixels, attributes, epochs=3)
    assert (judge.accuracies[:2] > 0.95).all()
    assert 0.35 < judge.accuracies[2] < 0.65


def test_the_same_seed_gives_the_same_judge() -> None:
    pixels, attributes = draw(200)
    images = to_images(pixels[:4])
    first, second = (train_attribute_judge(pixels, attributes, epochs=1, seed=3) for _ in range(2))
    assert torch.equal(first.logits(images), second.logits(images))


def test_a_rare_attribute_is_not_judged_by_its_absence() -> None:
    true = np.zeros((1000, 2), bool)
    true[:100, 0] = True
    true[:5, 1] = True
    accuracies = balanced_accuracies(np.zeros((1000, 2), bool), true)
    assert accuracies[0] == 0.5
    assert np.isnan(accuracies[1])


def test_too_little_to_learn_from_is_refused() -> None:
    pixels, attributes = draw(99)
    with pytest.raises(ValueError, match="hundred images"):
        train_attribute_judge(pixels, attributes)

"""Claims on how different images are from each other."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from model.training.diversity import mean_pairwise_distance, nearest_distances


def random_pixels(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 4, 5, 3), dtype=np.uint8)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    squares = [(int(x) - int(y)) ** 2 for x, y in zip(a.ravel(), b.ravel(), strict=True)]
    return math.sqrt(sum(squares) / len(squares))


@pytest.mark.parametrize("count", [2, 3, 9])
def test_it_is_the_mean_root_mean_square_over_all_pairs(count: int) -> None:
    pixels = random_pixels(count)
    pairs = [distance(a, b) for a, b in itertools.combinations(pixels, 2)]
    assert mean_pairwise_distance(pixels) == pytest.approx(sum(pairs) / len(pairs), rel=1e-9)


def test_one_image_many_times_has_no_diversity() -> None:
    pixels = np.repeat(random_pixels(2)[:1], 30, axis=0)
    assert mean_pairwise_distance(pixels) == pytest.approx(0, abs=1e-4)
    assert nearest_distances(pixels) == pytest.approx([0] * 30, abs=1e-4)


def test_one_image_alone_has_no_diversity() -> None:
    assert mean_pairwise_distance(random_pixels(2)[:1]) == 0


def test_black_and_white_are_255_levels_apart() -> None:
    pixels = np.stack([np.zeros((4, 4, 1), np.uint8), np.full((4, 4, 1), 255, np.uint8)])
    assert mean_pairwise_distance(pixels) == pytest.approx(255)


def test_the_nearest_is_the_least_of_the_distances_to_others() -> None:
    pixels = random_pixels(7)
    expected = [min(distance(pixels[i], pixels[j]) for j in range(7) if j != i) for i in range(7)]
    assert nearest_distances(pixels) == pytest.approx(expected, rel=1e-9)

"""Claims on copies: what was copied is found, and what is new is not accused."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import pairwise_distances_argmin_min

from model.training.metrics.copies import (
    copy_threshold,
    find_nearest,
    measure_copies,
    shrink_pixels,
)


def draw(seed: int, count: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(count, 12)).astype(np.float32)


def copy_rate(
    sampled: NDArray[np.float32], training: NDArray[np.float32], fresh: NDArray[np.float32]
) -> float:
    near, near_fresh = (find_nearest(x, training).distances for x in (sampled, fresh))
    return measure_copies(near, near_fresh, "features")[0].generated.value


def test_the_nearest_is_scikit_learns() -> None:
    queries, references = draw(1, 60), draw(2, 90)
    rows, distances = pairwise_distances_argmin_min(queries, references)
    found = find_nearest(queries, references)
    assert np.array_equal(found.rows, rows)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-5)


def test_an_image_is_not_its_own_neighbour() -> None:
    points = draw(3, 30)
    own = np.array([7, 2, 29])
    found = find_nearest(points[own], points, own)
    assert (found.rows != own).all()
    assert (found.distances > 0.0).all()
    assert find_nearest(points[own], points).distances.tolist() == [0.0, 0.0, 0.0]


def test_a_set_of_copies_is_all_copies() -> None:
    training = draw(4, 2000)
    assert copy_rate(training[100:900], training, draw(5, 2000)) == 1.0


def test_slightly_altered_copies_are_copies() -> None:
    training = draw(6, 2000)
    assert (
        copy_rate(training[:500] + np.float32(0.01) * draw(7, 500), training, draw(8, 2000)) == 1.0
    )


def test_fresh_draws_are_hardly_ever_copies() -> None:
    assert copy_rate(draw(9, 4000), draw(10, 2000), draw(11, 4000)) < 0.004


def test_one_real_image_in_a_thousand_is_within_the_threshold() -> None:
    distances = np.random.default_rng(12).permutation(np.arange(1.0, 5001.0))
    assert (distances <= copy_threshold(distances)).mean() == pytest.approx(0.001, abs=0.0003)


def test_exact_copies_are_found_even_among_twins() -> None:
    training = draw(13, 100)
    near_real = np.zeros(50)  # every real image has a twin
    sampled = find_nearest(np.concatenate([training[:10], draw(14, 30)]), training).distances
    rate = measure_copies(sampled, near_real, "pixels")[0]
    assert rate.generated.value == 0.25


def test_a_generator_that_knows_by_heart_is_nearer_than_real_images() -> None:
    training, fresh = draw(15, 500), draw(16, 500)
    near = find_nearest(training + np.float32(0.3) * draw(17, 500), training).distances
    nearness = measure_copies(near, find_nearest(fresh, training).distances, "features")[1]
    assert nearness.generated.high < nearness.real.low


def test_each_side_is_shrunk_by_itself() -> None:
    pixels = np.random.default_rng(19).integers(0, 256, (2, 32, 24, 1), dtype=np.uint8)
    small = shrink_pixels(pixels)
    assert small.shape == (2, 16 * 24)
    scale = np.sqrt(16 * 24)
    assert small[1].reshape(16, 24)[2, 5] * scale == pytest.approx(
        pixels[1, 4:6, 5, 0].mean(), rel=1e-5
    )


def test_shrunken_pixels_are_means_of_squares_at_their_root_mean_square_distance() -> None:
    rng = np.random.default_rng(18)
    pixels = rng.integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    small = shrink_pixels(pixels)
    assert small.shape == (2, 16 * 16 * 3)
    scale = np.sqrt(16 * 16 * 3)
    assert small[1].reshape(16, 16, 3)[2, 5, 1] * scale == pytest.approx(
        pixels[1, 8:12, 20:24, 1].mean(), rel=1e-5
    )
    flat = np.stack([np.full((32, 32, 1), level, np.uint8) for level in (10, 17)])
    assert np.linalg.norm(np.diff(shrink_pixels(flat), axis=0)) == pytest.approx(7.0, rel=1e-5)

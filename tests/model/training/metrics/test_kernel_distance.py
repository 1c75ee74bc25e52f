"""Claims on the kernel distance, by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel as sklearn_kernel

from model.training.metrics.kernel_distance import measure_kernel_distance, polynomial_kernel


def test_the_kernel_of_three_points_is_that_worked_out_by_hand() -> None:
    points = np.array([[0.0, 0.0], [2.0, 0.0], [1.0, 1.0]], np.float32)
    # x.y is 0, 4, 2 and, of the last two points, 2; over d = 2, plus 1, cubed.
    expected = [[1, 1, 1], [1, 27, 8], [1, 8, 8]]
    assert np.array_equal(polynomial_kernel(points, points), expected)


def test_sets_of_repeated_points_have_the_distance_worked_out_by_hand() -> None:
    zeros, ones = np.zeros((40, 1)), np.ones((40, 1))
    # k(0, 0) = 1, k(1, 1) = (1 + 1)^3 = 8, k(0, 1) = 1, so 1 + 8 - 2.
    estimate = measure_kernel_distance(zeros, ones)
    assert estimate.value == pytest.approx(7.0)
    assert estimate.high - estimate.low == pytest.approx(0.0, abs=1e-6)


def test_it_is_the_unbiased_estimate_written_out() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(50, 4)), rng.normal(0.5, 1.3, size=(61, 4))
    xx, yy, xy = (
        sklearn_kernel(a, b, degree=3, gamma=0.25, coef0=1.0) for a, b in ((x, x), (y, y), (x, y))
    )
    expected = (
        (xx.sum() - np.trace(xx)) / (50 * 49)
        + (yy.sum() - np.trace(yy)) / (61 * 60)
        - 2 * xy.mean()
    )
    assert measure_kernel_distance(x, y).value == pytest.approx(expected, rel=1e-4)


def test_equal_distributions_are_at_no_distance_on_average() -> None:
    rng = np.random.default_rng(2)
    estimates = [
        measure_kernel_distance(rng.normal(size=(60, 3)), rng.normal(size=(60, 3)))
        for _ in range(200)
    ]
    values = np.array([estimate.value for estimate in estimates])
    assert abs(values.mean()) < 3.0 * values.std() / np.sqrt(200)
    assert (values < 0.0).any()
    assert np.mean([e.low <= 0.0 <= e.high for e in estimates]) >= 0.92


def test_the_interval_holds_the_distance_of_the_distributions() -> None:
    # On a line with x ~ N(0, 1) and y = 0: E k(x, x') = E (xx' + 1)^3 = 1 + 3 E xx' squared = 4.
    rng = np.random.default_rng(3)
    estimates = [
        measure_kernel_distance(rng.normal(size=(400, 1)), np.zeros((400, 1))) for _ in range(100)
    ]
    assert np.mean([e.low <= 4.0 + 1.0 - 2.0 <= e.high for e in estimates]) >= 0.88


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 40"):
        measure_kernel_distance(np.zeros((39, 2)), np.zeros((50, 2)))

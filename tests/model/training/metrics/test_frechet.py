"""Claims on the Frechet distance, against its closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from model.training.metrics.frechet import Gaussian, frechet_distance, measure_frechet


def random_gaussian(seed: int, dimensions: int = 6) -> Gaussian:
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(dimensions, dimensions))
    return Gaussian(rng.normal(size=dimensions), factor @ factor.T)


def test_on_a_line_it_is_the_difference_of_means_and_of_deviations() -> None:
    a = Gaussian(np.array([1.0]), np.array([[4.0]]))
    b = Gaussian(np.array([4.0]), np.array([[0.25]]))
    assert frechet_distance(a, b) == pytest.approx(3.0**2 + (2.0 - 0.5) ** 2)


def test_it_agrees_with_the_matrix_root_of_the_definition() -> None:
    a, b = random_gaussian(1), random_gaussian(2)
    root = scipy.linalg.sqrtm(a.covariance @ b.covariance).real
    expected = np.sum((a.mean - b.mean) ** 2) + np.trace(a.covariance + b.covariance - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected)
    assert frechet_distance(b, a) == pytest.approx(expected)


def test_a_gaussian_is_at_no_distance_from_itself() -> None:
    a = random_gaussian(3)
    assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-9)


def test_a_covariance_without_full_rank_is_no_obstacle() -> None:
    a = Gaussian(np.zeros(3), np.diag([4.0, 0.0, 0.0]))
    b = Gaussian(np.zeros(3), np.diag([1.0, 9.0, 0.0]))
    assert frechet_distance(a, b) == pytest.approx((2 - 1) ** 2 + 9)


def test_features_have_the_distance_of_their_sample_moments() -> None:
    rng = np.random.default_rng(4)
    real = (rng.normal(size=(500, 5)) @ rng.normal(size=(5, 5)) + 30.0).astype(np.float32)
    fake = rng.normal(size=(700, 5)).astype(np.float32)
    moments = [Gaussian(x.mean(0, np.float64), np.cov(x.astype(float).T)) for x in (real, fake)]
    assert measure_frechet(real, fake).value == pytest.approx(frechet_distance(*moments), rel=1e-6)


def test_fewer_rows_than_features_have_the_distance_of_their_sample_moments() -> None:
    rng = np.random.default_rng(9)
    real, fake = rng.normal(5.0, 1.0, size=(60, 90)), rng.exponential(size=(50, 90))
    moments = [Gaussian(x.mean(0), np.cov(x.T)) for x in (real, fake)]
    assert measure_frechet(real, fake).value == pytest.approx(frechet_distance(*moments), rel=1e-6)


def test_the_interval_holds_the_distance_of_the_distributions() -> None:
    a, b = random_gaussian(5, 3), random_gaussian(6, 3)
    truth = frechet_distance(a, b)
    rng = np.random.default_rng(7)
    hits = 0
    for _ in range(40):
        real, fake = (rng.multivariate_normal(g.mean, g.covariance, 2000) for g in (a, b))
        estimate = measure_frechet(real, fake)
        hits += estimate.low <= truth <= estimate.high
    assert hits >= 34


def test_the_interval_is_that_of_leaving_the_rows_out() -> None:
    rng = np.random.default_rng(8)
    real, fake = rng.normal(size=(80, 3)), rng.normal(1.0, 2.0, size=(80, 3))
    left_out = []
    for group in range(20):
        kept = np.arange(80) // 4 != group
        left_out.append(measure_frechet(real[kept], fake[kept]).value)
    half = 2.093 * np.sqrt(19 / 20 * np.sum((np.array(left_out) - np.mean(left_out)) ** 2))
    estimate = measure_frechet(real, fake)
    assert estimate.high - estimate.value == pytest.approx(half, rel=1e-4)

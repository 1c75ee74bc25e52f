"""Claims on counting modes, by cases that are worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.mixtures import MIXTURES, Mixture
from benchmarks.modes import kl_from_uniform, mode_coverage

# Two modes, four apart, so that 3 standard deviations are 0.3.
PAIR = Mixture("pair", np.array([[0.0, 0.0], [4.0, 0.0]]), 0.1)


def points(*rows: tuple[float, float]) -> np.ndarray:
    return np.array(rows, np.float32)


def test_a_mode_counts_if_one_point_is_within_three_standard_deviations() -> None:
    assert mode_coverage(points((0.0, 0.29), (0.0, 1.0), (3.0, 0.0)), PAIR).modes == 1
    assert mode_coverage(points((0.0, 0.29), (3.8, 0.2)), PAIR).modes == 2


def test_a_point_is_judged_by_both_coordinates_together() -> None:
    # 0.22 along both axes is 0.311 away, though each is below 0.3.
    coverage = mode_coverage(points((0.22, 0.22), (0.0, 0.0), (0.2, 0.2), (4.0, 0.31)), PAIR)
    assert coverage.high_quality == 0.5


def test_points_that_are_not_finite_are_of_no_quality() -> None:
    coverage = mode_coverage(points((0.0, 0.0), (math.nan, 0.0), (math.inf, 0.0)), PAIR)
    assert coverage.high_quality == pytest.approx(1 / 3)
    assert coverage.modes == 1


def test_the_divergence_is_of_high_quality_points_only() -> None:
    # Three good points on one mode, one on the other; the strays lie nearer to the second.
    rows = points((0, 0), (0, 0.1), (0.1, 0), (4, 0), (4, 2), (4, 3))
    expected = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    assert mode_coverage(rows, PAIR).reverse_kl == pytest.approx(expected)


def test_divergence_is_zero_for_equal_counts_and_log_of_the_modes_for_one() -> None:
    assert kl_from_uniform(np.full(25, 7)) == pytest.approx(0.0, abs=1e-12)
    assert kl_from_uniform(np.array([0, 0, 9, 0])) == pytest.approx(math.log(4))
    assert kl_from_uniform(np.array([5, 5, 0, 0])) == pytest.approx(math.log(2))


def test_nothing_of_quality_counts_as_one_mode() -> None:
    coverage = mode_coverage(points((2.0, 2.0)), PAIR)
    assert (coverage.modes, coverage.high_quality, coverage.std_ratio) == (0, 0.0, 0.0)
    assert coverage.reverse_kl == pytest.approx(math.log(2))


@pytest.mark.parametrize("name", sorted(MIXTURES))
def test_the_data_themselves_cover_all_modes_at_the_width_of_a_gaussian(name: str) -> None:
    mixture = MIXTURES[name]
    coverage = mode_coverage(mixture.sample(40_000, np.random.default_rng(5)), mixture)
    assert coverage.modes == len(mixture.means)
    # Within three standard deviations of a round Gaussian in the plane lie 1 - e^{-9/2}.
    assert coverage.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.002)
    assert coverage.std_ratio == pytest.approx(1.0, abs=0.01)
    # (k - 1) / 2n, the mean of the divergence that sampling alone leaves.
    assert coverage.reverse_kl < 2 * len(mixture.means) / 80_000


def test_points_packed_too_tightly_show_in_the_width() -> None:
    narrow = Mixture("narrow", PAIR.means, PAIR.std / 2)
    coverage = mode_coverage(narrow.sample(20_000, np.random.default_rng(6)), PAIR)
    assert coverage.high_quality > 0.9999
    # Nothing is cut off, so the expected variance is that of the cut-off wide Gaussian.
    kept = 1 - 4.5 * math.exp(-4.5) / (1 - math.exp(-4.5))
    assert coverage.std_ratio == pytest.approx(0.5 / math.sqrt(kept), abs=0.01)


def test_mixtures_are_those_of_the_papers() -> None:
    assert sorted({float(x) for x in MIXTURES["grid25"].means.ravel()}) == [-4, -2, 0, 2, 4]
    assert len({tuple(mean) for mean in MIXTURES["grid100"].means}) == 100
    assert np.allclose(np.linalg.norm(MIXTURES["ring8"].means, axis=1), 1.0)
    assert [MIXTURES[name].std for name in ("ring8", "grid25", "grid100")] == [0.01, 0.05, 0.05]

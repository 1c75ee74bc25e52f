"""Claims on intervals: they are where theory puts them, and hold the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from model.training.metrics.confidence import (
    GROUPS,
    bootstrap_mean,
    group_numbers,
    group_slices,
    jackknife,
    proportion,
)


def test_a_bootstrapped_mean_has_the_interval_of_the_normal_approximation() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, 4000)
    estimate = bootstrap_mean(values)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.low == pytest.approx(values.mean() - half, abs=0.15 * half)
    assert estimate.high == pytest.approx(values.mean() + half, abs=0.15 * half)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.arange(50.0)
    assert bootstrap_mean(values, seed=3) == bootstrap_mean(values, seed=3)


def test_a_share_of_none_still_has_a_width() -> None:
    estimate = proportion(np.zeros(100, bool))
    # Wilson's interval at 0 of n ends at z^2 / (n + z^2).
    assert (estimate.value, estimate.low) == (0.0, 0.0)
    assert estimate.high == pytest.approx(1.96**2 / (100 + 1.96**2), rel=1e-4)


def test_the_ends_of_a_share_are_where_the_score_test_just_rejects() -> None:
    estimate = proportion(np.arange(200) < 31)
    for end in (estimate.low, estimate.high):
        z = (estimate.value - end) / np.sqrt(end * (1.0 - end) / 200)
        assert abs(z) == pytest.approx(1.96, abs=1e-3)


def test_a_jackknifed_mean_has_students_interval() -> None:
    values = np.random.default_rng(2).normal(size=(GROUPS, 30))

    def mean_without(group: int | None) -> float:
        return float(values[np.arange(GROUPS) != group].mean())

    estimate = jackknife(mean_without)
    # For a mean the jackknife is exactly the standard error of the groups' means.
    half = 2.093 * values.mean(axis=1).std(ddof=1) / np.sqrt(GROUPS)
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.high - estimate.value == pytest.approx(half, rel=1e-4)
    assert estimate.value - estimate.low == pytest.approx(half, rel=1e-4)


def test_a_jackknifed_interval_holds_the_truth_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(400):
        groups = rng.exponential(size=(GROUPS, 20))

        def squared_mean(group: int | None, groups: np.ndarray = groups) -> float:
            return float(groups[np.arange(GROUPS) != group].mean() ** 2)

        estimate = jackknife(squared_mean)
        hits += estimate.low <= 1.0 <= estimate.high
    assert 0.92 <= hits / 400 <= 0.98


def test_groups_hold_every_row_once() -> None:
    slices = group_slices(1003)
    assert np.array_equal(np.concatenate([np.arange(1003)[s] for s in slices]), np.arange(1003))
    assert {s.stop - s.start for s in slices} == {50, 51}
    assert np.array_equal(np.bincount(group_numbers(1003)), [s.stop - s.start for s in slices])


def test_too_few_values_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 40"):
        group_slices(39)
    with pytest.raises(ValueError, match="at least one"):
        bootstrap_mean([])
    with pytest.raises(ValueError, match="at least one"):
        proportion([])

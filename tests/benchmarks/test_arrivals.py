from __future__ import annotations

import itertools
from statistics import mean, pvariance

import pytest

from benchmarks.arrivals import poisson_schedule


def test_arrivals_are_as_many_as_the_rate_says_and_all_in_time() -> None:
    arrivals = list(poisson_schedule(1000, 20, seed=1))
    assert arrivals == sorted(arrivals)
    assert arrivals[0] > 0
    assert arrivals[-1] < 20
    assert abs(len(arrivals) - 20_000) < 5 * 20_000**0.5


def test_counts_vary_as_a_poisson_process_does() -> None:
    arrivals = list(poisson_schedule(500, 40, seed=2))
    counts = [0] * 400
    for due in arrivals:
        counts[int(due * 10)] += 1
    # Mean and variance are equal; of 400 counts the ratio has a deviation of 0.07.
    assert pvariance(counts) / mean(counts) == pytest.approx(1, abs=0.3)


def test_gaps_have_no_memory() -> None:
    arrivals = [0.0, *poisson_schedule(100, 200, seed=3)]
    gaps = [later - sooner for sooner, later in itertools.pairwise(arrivals)]
    long = [gap for gap in gaps if gap > 0.01]
    assert mean(gap - 0.01 for gap in long) == pytest.approx(mean(gaps), rel=0.1)


def test_a_schedule_is_a_function_of_its_seed() -> None:
    assert [*poisson_schedule(10, 5, 7)] == [*poisson_schedule(10, 5, 7)]
    assert [*poisson_schedule(10, 5, 7)] != [*poisson_schedule(10, 5, 8)]


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        next(poisson_schedule(0, 1, 1))

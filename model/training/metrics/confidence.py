"""How sure a score is: 95 % intervals that say what another draw of images might give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

GROUPS = 20

_Z = 1.959964  # of the normal distribution, at 97.5 %
_T = 2.093024  # of Student's with GROUPS - 1 degrees of freedom, at 97.5 %
_REPLICATES = 1000
_REPLICATES_AT_ONCE = 50


@dataclass(frozen=True)
class Estimate:
    """A score with the ends of its 95 % interval, and how the interval was found."""

    value: float
    low: float
    high: float
    method: str


def bootstrap_mean(values: ArrayLike, seed: int = 0) -> Estimate:
    """Return the mean of (n,) values with the percentile interval of 1,000 resamplings.

    Efron & Tibshirani (1993), chapter 13. ValueError if there is no value.
    """
    sample = np.asarray(values, np.float64)
    if sample.ndim != 1 or not len(sample):
        raise ValueError("a mean needs at least one value")
    rng = np.random.default_rng(seed)
    means = np.concatenate(
        [
            sample[rng.integers(len(sample), size=(_REPLICATES_AT_ONCE, len(sample)))].mean(axis=1)
            for _ in range(_REPLICATES // _REPLICATES_AT_ONCE)
        ]
    )
    low, high = np.quantile(means, (0.025, 0.975))
    return Estimate(float(sample.mean()), float(low), float(high), "bootstrap over images")


def proportion(successes: ArrayLike) -> Estimate:
    """Return the share of true values among (n,), with Wilson's score interval (1927).

    Away from 0 and 1 it is that of a bootstrap; at 0 and 1, where every resampling is alike and
    a bootstrap claims certainty, it still has a width. ValueError if there is no value.
    """
    outcomes = np.asarray(successes, bool)
    count = outcomes.size
    if not count:
        raise ValueError("a share needs at least one outcome")
    share = float(outcomes.mean())
    spread = _Z * _Z / count
    middle = (share + spread / 2.0) / (1.0 + spread)
    half = float(np.sqrt(share * (1.0 - share) * spread + spread * spread / 4.0)) / (1.0 + spread)
    return Estimate(
        share, max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)), "Wilson"
    )


def jackknife(statistic: Callable[[int | None], float]) -> Estimate:
    """Return `statistic(None)` with the interval of a jackknife that leaves out a group a time.

    `statistic(g)` is the score without group g of 20 equal groups of images. For distances
    between sets: a bootstrap repeats images, which is a distance of its own and would move the
    score, and leaving some out is no such thing. Efron & Tibshirani (1993), section 11.5; Student's
    t for the 19 degrees of freedom.
    """
    left_out = np.array([statistic(group) for group in range(GROUPS)], np.float64)
    squares = float(((left_out - left_out.mean()) ** 2).sum())
    half = _T * float(np.sqrt(squares * (GROUPS - 1) / GROUPS))
    value = statistic(None)
    return Estimate(value, value - half, value + half, f"jackknife over {GROUPS} groups")


def group_slices(count: int) -> list[slice]:
    """Cut `count` rows into the jackknife's groups; ValueError if there are fewer than two each.

    Neighbours share a group, so rows must be in random order. Sizes differ by one at most.
    """
    if count < 2 * GROUPS:
        raise ValueError(f"at least {2 * GROUPS} images are needed, not {count}")
    edges = np.linspace(0, count, GROUPS + 1).astype(int)
    return [slice(int(a), int(b)) for a, b in pairwise(edges)]


def group_numbers(count: int) -> NDArray[np.intp]:
    """Return the group of each of `count` rows, (count,)."""
    numbers = np.empty(count, np.intp)
    for number, rows in enumerate(group_slices(count)):
        numbers[rows] = number
    return numbers

"""How many modes a generator found, and how evenly it visits them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.mixtures import Mixture

_HIGH_QUALITY_STDS = 3.0


@dataclass(frozen=True)
class ModeCoverage:
    """What a sample covers, by the rules of VEEGAN and PacGAN."""

    modes: int  # that are nearest to at least one high-quality point
    high_quality: float  # share of the points within 3 standard deviations of their mode
    reverse_kl: float  # KL(points' modes || uniform), in nats, over high-quality points
    std_ratio: float  # spread of high-quality points about their mode, over the mixture's


def mode_coverage(points: NDArray[np.floating], mixture: Mixture) -> ModeCoverage:
    """Judge points (n, 2), n >= 1, against the mixture they should come from.

    Srivastava et al., 2017 (VEEGAN), section 4.1, for the modes and the share; Lin et al., 2018
    (PacGAN), section 4.1, for the divergence. The ratio is ours: points packed too tightly
    are all of high quality. A point that is not finite is of no quality.
    """
    finite = points[np.isfinite(points).all(axis=1)].astype(np.float64)
    squares = ((finite[:, None, :] - mixture.means[None, :, :]) ** 2).sum(axis=2)
    nearest = squares.argmin(axis=1)
    squared_distances = squares[np.arange(len(finite)), nearest]
    is_good = squared_distances < (_HIGH_QUALITY_STDS * mixture.std) ** 2
    counts = np.bincount(nearest[is_good], minlength=len(mixture.means))
    expected = mixture.std**2 * _kept_variance(_HIGH_QUALITY_STDS)
    spread = float(squared_distances[is_good].mean()) / 2 if is_good.any() else 0.0
    return ModeCoverage(
        modes=int((counts > 0).sum()),
        high_quality=float(is_good.sum() / len(points)),
        reverse_kl=kl_from_uniform(counts),
        std_ratio=math.sqrt(spread / expected),
    )


def kl_from_uniform(counts: NDArray[np.integer]) -> float:
    """Return KL(counts / n || uniform) in nats: 0 for equal counts, log k for one mode of k.

    Modes that were never visited add nothing, so it is finite (the reverse direction is not).
    Nothing visited at all counts as one mode.
    """
    total = int(counts.sum())
    if total == 0:
        return math.log(len(counts))
    shares = counts[counts > 0] / total
    return float((shares * np.log(shares * len(counts))).sum())


def _kept_variance(stds: float) -> float:
    """Return a coordinate's variance in a round unit 2-D Gaussian cut off at a radius.

    The squared radius s has density exp(-s / 2) / 2, so its mean below c = stds^2 is
    2 - c e^{-c/2} / (1 - e^{-c/2}), and a coordinate has half of it.
    """
    cut = stds**2
    tail = math.exp(-cut / 2)
    return 1.0 - cut / 2 * tail / (1.0 - tail)

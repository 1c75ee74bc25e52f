"""The kernel distance: an unbiased squared maximum mean discrepancy between features."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.training.metrics.confidence import GROUPS, Estimate, group_slices, jackknife


def measure_kernel_distance(real: ArrayLike, fake: ArrayLike) -> Estimate:
    """Return MMD^2 with the kernel (x.y / d + 1)^3 between features (n, d) and (m, d).

    Binkowski et al. (2018), section 4; the estimator is Gretton et al. (2012), equation 3, over
    all rows. Unbiased at any count: 0 on average for equal distributions, so often below 0.
    Rows must be in random order. ValueError if a set has fewer than 40 rows.
    """
    x, y = np.asarray(real, np.float32), np.asarray(fake, np.float32)
    counts = [np.array([s.stop - s.start for s in group_slices(len(set_))]) for set_ in (x, y)]
    within_x, within_y, between = _kernel_sums(x, x), _kernel_sums(y, y), _kernel_sums(x, y)

    def distance(group: int | None) -> float:
        kept = np.arange(GROUPS) != group
        n, m = (int(count[kept].sum()) for count in counts)
        of_x, of_y, of_both = (
            float(sums[np.ix_(kept, kept)].sum()) for sums in (within_x, within_y, between)
        )
        return of_x / (n * (n - 1)) + of_y / (m * (m - 1)) - 2.0 * of_both / (n * m)

    return jackknife(distance)


def _kernel_sums(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float64]:
    """Sum the kernel over each pair of groups, (20, 20); of one set without equal rows."""
    sums = np.zeros((GROUPS, GROUPS))
    columns = group_slices(len(y))
    for g, rows in enumerate(group_slices(len(x))):
        kernel = polynomial_kernel(x[rows], y)
        if x is y:
            own = kernel[:, rows]
            np.fill_diagonal(own, 0.0)
        sums[g] = [kernel[:, c].sum(dtype=np.float64) for c in columns]
    return sums


def polynomial_kernel(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (x.y / d + 1)^3 for every pair of rows, (n, m)."""
    base: NDArray[np.float32] = x @ y.T
    base /= np.float32(x.shape[1])
    base += np.float32(1.0)
    cube: NDArray[np.float32] = base * base * base
    return cube

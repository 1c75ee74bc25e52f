"""The Frechet distance between two sets of features, each taken for a Gaussian."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.training.metrics.confidence import Estimate, group_slices, jackknife


@dataclass(frozen=True)
class Gaussian:
    """A mean (d,) and a covariance (d, d)."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


def frechet_distance(a: Gaussian, b: Gaussian) -> float:
    """Return |m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^1/2).

    Dowson & Landau (1982), equation 4; Heusel et al. (2017), equation 6, for images. The trace
    of the root is the sum of the roots of the eigenvalues of F' C_b F where F F' = C_a: that is
    symmetric, so the result is real where a matrix root of C_a C_b may turn complex.
    """
    factor = _factor(a.covariance)
    eigenvalues = np.linalg.eigvalsh(factor.T @ b.covariance @ factor)
    root_trace = float(np.sqrt(eigenvalues.clip(min=0.0)).sum())
    shift = a.mean - b.mean
    traces = float(np.trace(a.covariance) + np.trace(b.covariance))
    return float(shift @ shift) + traces - 2.0 * root_trace


def _factor(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return F with F F' = C: by Cholesky, or in ten times the time where C lacks full rank."""
    try:
        return np.asarray(np.linalg.cholesky(covariance), np.float64)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        return np.asarray(vectors * np.sqrt(values.clip(min=0.0)), np.float64)


def measure_frechet(real: ArrayLike, fake: ArrayLike) -> Estimate:
    """Return the distance between features (n, d) and (m, d), rows in random order.

    Biased upward by about 1/n (Chong & Forsyth, 2020), so two figures compare only at equal
    counts, and the interval does not hold the value of infinitely many images. ValueError if a
    set has fewer than 40 rows.
    """
    a, b = np.asarray(real), np.asarray(fake)
    if max(len(a), len(b)) < a.shape[1]:
        groups = group_slices(len(a)), group_slices(len(b))
        return jackknife(
            lambda group: _distance_of_rows(
                *(
                    rows if group is None else np.delete(rows, cut[group], axis=0)
                    for rows, cut in zip((a, b), groups, strict=True)
                )
            )
        )
    sides = (_Side(a), _Side(b))
    return jackknife(
        lambda group: frechet_distance(sides[0].without(group), sides[1].without(group))
    )


def _distance_of_rows(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Return the distance of the moments of (n, d) and (m, d), fast where n, m < d.

    With centred rows A, B the eigenvalues of C_a C_b are, but for zeros, the squared singular
    values of A B' over (n - 1)(m - 1).
    """
    mean_a, mean_b = a.mean(axis=0, dtype=np.float64), b.mean(axis=0, dtype=np.float64)
    rows_a, rows_b = (a - mean_a) / np.sqrt(len(a) - 1), (b - mean_b) / np.sqrt(len(b) - 1)
    root_trace = float(np.linalg.svd(rows_a @ rows_b.T, compute_uv=False).sum())
    traces = float((rows_a**2).sum() + (rows_b**2).sum())
    return float(((mean_a - mean_b) ** 2).sum()) + traces - 2.0 * root_trace


class _Side:
    """The sums of one set's features, from which a group can be taken away."""

    def __init__(self, features: NDArray[np.floating]) -> None:
        self._groups = group_slices(len(features))
        # Sums of squares lose digits to a mean that is far from 0.
        self._origin = features.mean(axis=0, dtype=np.float64)
        self._features = features
        centred = features - self._origin
        self._sum, self._products = centred.sum(axis=0), centred.T @ centred

    def without(self, group: int | None) -> Gaussian:
        count, total, products = len(self._features), self._sum, self._products
        if group is not None:
            part = self._features[self._groups[group]] - self._origin
            count, total = count - len(part), total - part.sum(axis=0)
            products = products - part.T @ part
        mean = total / count
        covariance = (products - count * np.outer(mean, mean)) / (count - 1)
        return Gaussian(mean + self._origin, covariance)

"""`blend`: a filled hole without a seam."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_TOLERANCE = 1e-4
_FloatMap = NDArray[np.float64]


def blend(
    pixels: NDArray[np.uint8], rendered: NDArray[np.uint8], known: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Keep `pixels` where they are `known` and fill the rest from `rendered`, without a seam.

    Poisson blending (Perez et al., 2003, equation 7; Yeh et al., 2017, section 3.3): the fill
    has the gradients of `rendered` and meets what is known at the rim, so what differs there
    is spread over the hole as smoothly as can be. Takes and gives uint8 (h, w, c), `known`
    (h, w); ValueError if they do not fit.
    """
    if pixels.shape != rendered.shape or known.shape != pixels.shape[:2]:
        raise ValueError(f"{pixels.shape}, {rendered.shape} and {known.shape} do not fit")
    if known.all() or not known.any():
        return (pixels if known.any() else rendered).copy()
    difference = pixels.astype(np.float64) - rendered
    blended = pixels.copy()
    for channel in range(pixels.shape[2]):
        correction = _spread(difference[..., channel], known)
        filled = np.rint(rendered[..., channel] + correction).clip(0, 255).astype(np.uint8)
        blended[..., channel][~known] = filled[~known]
    return blended


def _spread(values: _FloatMap, known: NDArray[np.bool_]) -> _FloatMap:
    """Solve Laplace's equation in the hole, with `values` around it, by conjugate gradients."""
    hole = ~known
    degree = _neighbours(np.ones_like(values))
    residual = np.where(hole, _neighbours(np.where(known, values, 0.0)), 0.0)
    solution = np.zeros_like(values)
    direction = residual.copy()
    power = float((residual * residual).sum())
    for _ in range(4 * int(hole.sum())):
        if power < _TOLERANCE:
            break
        image = np.where(hole, degree * direction - _neighbours(direction), 0.0)
        step = power / float((direction * image).sum())
        solution += step * direction
        residual -= step * image
        previous, power = power, float((residual * residual).sum())
        direction = residual + power / previous * direction
    return solution


def _neighbours(values: _FloatMap) -> _FloatMap:
    """Sum the four neighbours of each place; beyond the edge there are none."""
    padded = np.pad(values, 1)
    total: _FloatMap = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    return total

"""Easing: how fast a walk leaves one key frame and comes to the next."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Easing = Literal["linear", "ease", "ease-in", "ease-out", "ease-in-out"]

# The control points (x1, y1), (x2, y2) that CSS gives these names (CSS Easing Functions Level 1,
# section 2.2); the curve begins at (0, 0) and ends at (1, 1).
_CONTROL_POINTS: dict[Easing, tuple[float, float, float, float]] = {
    "ease": (0.25, 0.1, 0.25, 1.0),
    "ease-in": (0.42, 0.0, 1.0, 1.0),
    "ease-out": (0.0, 0.0, 0.58, 1.0),
    "ease-in-out": (0.42, 0.0, 0.58, 1.0),
}
_HALVINGS = 60  # past the last bit of a double


def ease(fractions: NDArray[np.float64], easing: Easing) -> NDArray[np.float64]:
    """Return the parts of the way that are done at `fractions` of the time, all from 0 to 1.

    The cubic Bezier curve of CSS. Its x grows, so halving finds the point at a fraction: only
    sums and products, which are the same bits on every machine. 0, 1 and linear are returned
    as they are. Takes and gives (n,); ValueError if a fraction is not from 0 to 1.
    """
    if not ((fractions >= 0.0) & (fractions <= 1.0)).all():
        raise ValueError("a fraction must be from 0 to 1")
    if easing == "linear":
        return fractions
    x1, y1, x2, y2 = _CONTROL_POINTS[easing]
    low, high = np.zeros_like(fractions), np.ones_like(fractions)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        is_before = _bezier(middle, x1, x2) < fractions
        low, high = np.where(is_before, middle, low), np.where(is_before, high, middle)
    done = _bezier(0.5 * (low + high), y1, y2)
    return np.where((fractions == 0.0) | (fractions == 1.0), fractions, done)


def _bezier(t: NDArray[np.float64], first: float, second: float) -> NDArray[np.float64]:
    """Return one coordinate of the curve from 0 to 1 with these control points."""
    rest = 1.0 - t
    return 3.0 * rest * rest * t * first + 3.0 * rest * t * t * second + t * t * t

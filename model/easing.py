"""Easing: how fast a walk leaves one key frame and comes to the next."""

from __future__ import annotations

from typing import Literal

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


def ease(fraction: float, easing: Easing) -> float:
    """Return the part of the way that is done at `fraction` of the time, both from 0 to 1.

    The cubic Bezier curve of CSS. Its x grows, so halving finds the point at `fraction`: only
    sums and products, which are the same bits on every machine. 0, 1 and linear are returned
    as they are. ValueError if the fraction is not from 0 to 1.
    """
    if not 0.0 <= fraction <= 1.0:
        raise ValueError(f"a fraction must be from 0 to 1, not {fraction}")
    if easing == "linear" or fraction in (0.0, 1.0):
        return fraction
    x1, y1, x2, y2 = _CONTROL_POINTS[easing]
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if _bezier(middle, x1, x2) < fraction:
            low = middle
        else:
            high = middle
    return _bezier(0.5 * (low + high), y1, y2)


def _bezier(t: float, first: float, second: float) -> float:
    """Return one coordinate of the curve from 0 to 1 with these control points."""
    rest = 1.0 - t
    return 3.0 * rest * rest * t * first + 3.0 * rest * t * t * second + t * t * t

"""Claims on easing: the curves that CSS defines."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from model.easing import Easing, ease

CURVES: dict[Easing, tuple[float, float, float, float]] = {
    "ease": (0.25, 0.1, 0.25, 1.0),
    "ease-in": (0.42, 0.0, 1.0, 1.0),
    "ease-out": (0.0, 0.0, 0.58, 1.0),
    "ease-in-out": (0.42, 0.0, 0.58, 1.0),
}
FRACTIONS = [0.001, 0.1, 0.25, 1 / 3, 0.5, 0.77, 0.999]


def by_roots(fraction: float, x1: float, y1: float, x2: float, y2: float) -> float:
    """Solve x(t) = fraction as a polynomial and return y(t)."""
    roots = np.roots([1 + 3 * x1 - 3 * x2, 3 * x2 - 6 * x1, 3 * x1, -fraction])
    t = next(r.real for r in roots if abs(r.imag) < 1e-9 and -1e-9 <= r.real <= 1 + 1e-9)
    return float((1 + 3 * y1 - 3 * y2) * t**3 + (3 * y2 - 6 * y1) * t**2 + 3 * y1 * t)


@pytest.mark.parametrize("easing", list(CURVES))
@pytest.mark.parametrize("fraction", FRACTIONS)
def test_a_curve_is_the_one_that_css_gives_the_name(easing: Easing, fraction: float) -> None:
    assert ease(np.array([fraction]), easing)[0] == pytest.approx(
        by_roots(fraction, *CURVES[easing]), abs=1e-9
    )


@pytest.mark.parametrize("easing", get_args(Easing))
def test_a_walk_begins_and_ends_where_it_should_and_never_turns_back(easing: Easing) -> None:
    done = ease(np.arange(101) / 100, easing).tolist()
    assert (done[0], done[-1]) == (0.0, 1.0)
    assert done == sorted(done)


def test_linear_is_time_itself() -> None:
    assert ease(np.array(FRACTIONS), "linear").tolist() == FRACTIONS


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_a_time_outside_the_walk_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        ease(np.array([0.5, fraction]), "ease")

from __future__ import annotations

import numpy as np
import pytest

from model.blending import blend


def hole(size: int = 20) -> np.ndarray:
    known = np.ones((size, size), np.bool_)
    known[6:14, 5:15] = False
    return known


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(60, 180, shape, np.uint8)


def test_known_pixels_are_kept_to_the_byte() -> None:
    pixels, known = noise(20, 20, 3), hole()
    blended = blend(pixels, noise(20, 20, 3)[::-1].copy(), known)
    assert np.array_equal(blended[known], pixels[known])


def test_a_fill_that_differs_by_a_shade_is_shifted_to_fit() -> None:
    rendered, known = noise(20, 20, 3), hole()
    pixels = rendered + np.uint8(17)
    assert np.array_equal(blend(pixels, rendered, known), pixels)


def test_a_difference_that_is_a_plane_is_continued_into_the_hole() -> None:
    # Planes are harmonic: they solve Laplace's equation, so the solution is known.
    rows, columns = np.mgrid[:20, :20]
    pixels = (100 + 2 * rows + columns)[..., None].astype(np.uint8)
    rendered = np.full((20, 20, 1), 100, np.uint8)
    assert np.array_equal(blend(pixels, rendered, hole()), pixels)


def test_a_hole_at_the_edge_is_filled() -> None:
    rendered = noise(16, 16, 3)
    known = np.ones((16, 16), np.bool_)
    known[:9, :9] = False
    pixels = rendered + np.uint8(5)
    assert np.array_equal(blend(pixels, rendered, known), pixels)


def test_without_a_hole_or_anything_known_there_is_nothing_to_blend() -> None:
    pixels, rendered = noise(8, 8, 3), noise(8, 8, 3)[::-1].copy()
    everything = np.ones((8, 8), np.bool_)
    assert np.array_equal(blend(pixels, rendered, everything), pixels)
    assert np.array_equal(blend(pixels, rendered, ~everything), rendered)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        blend(noise(8, 8, 3), noise(8, 8, 1), np.ones((8, 8), np.bool_))

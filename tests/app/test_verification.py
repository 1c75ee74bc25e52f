"""Claims on how pictures are compared."""

from __future__ import annotations

import numpy as np
import pytest

from app.verification import measure_difference


def noise(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 255, shape, np.uint8)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_equal_pixels_do_not_differ(channels: int) -> None:
    pixels = noise(5, 7, channels)
    difference = measure_difference(pixels, pixels.copy())
    assert difference
    assert (difference.changed_pixels, difference.psnr_db) == (0, None)
    assert difference.pixels == 35


def test_a_gray_picture_is_the_same_in_colour() -> None:
    gray = noise(5, 7, 1)
    difference = measure_difference(gray, np.repeat(gray, 3, axis=2))
    assert difference
    assert difference.changed_pixels == 0
    opaque = np.concatenate([gray, np.full_like(gray, 255)], axis=2)
    difference = measure_difference(opaque, gray)
    assert difference
    assert difference.changed_pixels == 0


def test_what_was_changed_is_counted() -> None:
    pixels = noise(10, 10, 4)
    changed = pixels.copy()
    changed[2, 3, 0] += 1
    changed[4:6, 0, 3] = 255 - pixels[4:6, 0, 3]
    difference = measure_difference(changed, pixels)
    assert difference
    assert difference.changed_pixels == 3
    distance = changed.astype(float) - pixels
    assert difference.max_difference == np.abs(distance).max()
    assert difference.psnr_db == pytest.approx(10 * np.log10(255**2 / np.mean(distance**2)))


def test_other_sizes_cannot_be_compared() -> None:
    assert measure_difference(noise(5, 7, 3), noise(7, 5, 3)) is None

"""Claims on where a contact sheet puts its images."""

from __future__ import annotations

import numpy as np
import pytest

from model.contact_sheet import contact_sheet


def images(count: int, height: int = 2, width: int = 3, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(count)
    return rng.integers(1, 256, (count, height, width, channels), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("columns", [1, 2, 5, 7])
@pytest.mark.parametrize("count", [1, 2, 3, 7, 10])
def test_image_i_is_at_row_i_over_columns_and_column_i_modulo_columns(
    count: int, columns: int, channels: int
) -> None:
    pixels = images(count, channels=channels)
    sheet = contact_sheet(pixels, columns)
    across = min(columns, count)
    down = (count + across - 1) // across
    assert sheet.shape == (down * 2, across * 3, channels)
    for place in range(down * across):
        top, left = place // across * 2, place % across * 3
        tile = sheet[top : top + 2, left : left + 3]
        if place < count:
            assert np.array_equal(tile, pixels[place])
        else:
            assert not tile.any()


@pytest.mark.parametrize(
    ("count", "columns", "rows"),
    [(1, 1, 1), (2, 2, 1), (4, 2, 2), (5, 3, 2), (64, 8, 8), (65, 9, 8)],
)
def test_without_columns_it_is_nearly_square(count: int, columns: int, rows: int) -> None:
    square = images(count, height=3, width=3)
    assert contact_sheet(square).shape == (rows * 3, columns * 3, 3)


@pytest.mark.parametrize("size", [(4, 7), (7, 4), (3, 6)])
def test_without_columns_the_sheet_of_oblong_images_is_nearly_square_too(
    size: tuple[int, int],
) -> None:
    height, width, _ = contact_sheet(images(50, *size)).shape
    assert abs(height - width) < 2 * max(size)


@pytest.mark.parametrize("columns", [0, -1, -4])
def test_columns_are_positive(columns: int) -> None:
    with pytest.raises(ValueError, match=f"columns must be positive, not {columns}"):
        contact_sheet(images(4), columns)

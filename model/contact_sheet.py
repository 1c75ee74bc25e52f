"""A contact sheet: many images in one, as people look at them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def contact_sheet(pixels: NDArray[np.uint8], columns: int | None = None) -> NDArray[np.uint8]:
    """Lay images out row by row, left to right, without gaps, on a near-square sheet.

    Takes (n, h, w, c), n >= 1, gives (rows * h, columns * w, c); places left over are zero.
    ValueError if columns are given and not positive.
    """
    if columns is not None and columns < 1:
        raise ValueError(f"columns must be positive, not {columns}")
    count, height, width, channels = pixels.shape
    columns = min(columns or math.ceil(math.sqrt(count * height / width)), count)
    rows = -(-count // columns)
    sheet = np.zeros((rows * columns, height, width, channels), np.uint8)
    sheet[:count] = pixels
    grid = sheet.reshape(rows, columns, height, width, channels)
    return grid.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, channels)

"""Spreading: of many images those that differ most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GRID = 8


def spread_out(pixels: NDArray[np.uint8], count: int) -> list[int]:
    """Choose `count` images that lie far from each other, beginning with the first.

    Greedy farthest-point choice (Gonzalez, 1985), whose least distance is at least half of the
    best that any choice has. The distance is that of small versions, sums over an 8 x 8
    grid, all in whole numbers: equal on every machine, and of two that are as far the earlier
    one is taken. Takes pixels (n, h, w, c), gives indices in the order of choice; ValueError if
    the count is not from 1 to n.
    """
    if not 1 <= count <= len(pixels):
        raise ValueError(f"1 to {len(pixels)} of {len(pixels)} images, not {count}")
    features = _shrink(pixels)
    chosen = [0]
    distances = _distances(features, 0)
    while len(chosen) < count:
        distances[chosen] = -1
        chosen.append(int(distances.argmax()))
        distances = np.minimum(distances, _distances(features, chosen[-1]))
    return chosen


def _shrink(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Add up each cell of a grid, (n, cells * c)."""
    sums = pixels.astype(np.int64)
    for axis in (1, 2):
        side = sums.shape[axis]
        starts = np.arange(min(_GRID, side)) * side // min(_GRID, side)
        sums = np.add.reduceat(sums, starts, axis=axis)
    return sums.reshape(len(pixels), -1)


def _distances(features: NDArray[np.int64], index: int) -> NDArray[np.int64]:
    """Return the squared distance of each row from one of them."""
    squares: NDArray[np.int64] = np.square(features - features[index]).sum(axis=1)
    return squares

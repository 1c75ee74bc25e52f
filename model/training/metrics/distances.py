"""Euclidean distances between many rows, a block at a time so that they fit in memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

BLOCK_ROWS = 1024


def distance_blocks(
    a: NDArray[np.float32], b: NDArray[np.float32]
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield rows of `a` (n, d) and their squared distances to all of `b` (m, d), (rows, m).

    By |x|^2 + |y|^2 - 2 x.y in float32. Both are centred first, for the digits that the
    difference of large squares would lose; never below 0. The caller may write into a block.
    """
    origin = b.mean(axis=0, dtype=np.float64).astype(np.float32)
    others = b - origin
    squares = np.einsum("ij,ij->i", others, others)
    for start in range(0, len(a), BLOCK_ROWS):
        rows = slice(start, min(start + BLOCK_ROWS, len(a)))
        block = a[rows] - origin
        distances: NDArray[np.float32] = block @ others.T
        distances *= np.float32(-2.0)
        distances += squares
        distances += np.einsum("ij,ij->i", block, block)[:, None]
        yield rows, np.maximum(distances, 0.0, out=distances)

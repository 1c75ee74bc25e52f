"""How different images are from each other: the plainest sign of mode collapse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def mean_pairwise_distance(pixels: NDArray[np.uint8]) -> float:
    """Return the mean over all pairs of the root mean square difference, in grey levels.

    Takes (n, h, w, c). Zero means one image, n times or once; a healthy generator comes
    near to the figure of its data.
    """
    if len(pixels) < 2:
        return 0.0
    upper = np.triu_indices(len(pixels), k=1)
    return float(np.sqrt(_squared_distances(pixels)[upper]).mean())


def nearest_distances(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return each image's distance to its nearest neighbour, (n,), in grey levels.

    Takes (n, h, w, c), n >= 2. A zero is an image that was made twice.
    """
    squared = _squared_distances(pixels)
    np.fill_diagonal(squared, np.inf)
    nearest: NDArray[np.float64] = np.sqrt(squared.min(axis=1))
    return nearest


def _squared_distances(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the mean square difference of every pair, (n, n)."""
    rows = pixels.reshape(len(pixels), -1).astype(np.float64)
    squares = (rows * rows).sum(axis=1)
    products: NDArray[np.float64] = rows @ rows.T
    squared: NDArray[np.float64] = squares[:, None] + squares[None, :] - 2.0 * products
    return squared.clip(min=0.0) / rows.shape[1]

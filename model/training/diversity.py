"""How different images are from each other: the plainest sign of mode collapse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def mean_pairwise_distance(pixels: NDArray[np.uint8]) -> float:
    """Return the mean over all pairs of the root mean square difference, in grey levels.

    Takes (n, h, w, c), n >= 2. Zero means one image, n times; a healthy generator comes
    near to the figure of its data.
    """
    rows = pixels.reshape(len(pixels), -1).astype(np.float64)
    squares = (rows * rows).sum(axis=1)
    squared = squares[:, None] + squares[None, :] - 2.0 * rows @ rows.T
    upper = np.triu_indices(len(rows), k=1)
    return float(np.sqrt(np.maximum(squared[upper], 0.0) / rows.shape[1]).mean())

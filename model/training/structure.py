"""What images show beside their colours, and how many different structures there are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SIDE = 32  # edges are looked for at about this size: noise is averaged away, features are not
_FAINT = 4.0  # grey levels an edge, on average: below it an image counts as fainter, not as equal
# Data whose structures lie nearer together than this (faces: 0.68, one class of digits: 0.68)
# are one structure in many colours.
_LEAST_SPREAD = 0.1


@dataclass(frozen=True)
class Structures:
    """How many different structures some images show, and how far apart these are.

    Of k structures, equally frequent and equally unlike, the count is k - 1 whatever their
    colours; it is at most the number of images less one, so it is comparable between equally
    many images only.
    """

    count: float
    spread: float  # mean square distance of the descriptions from their mean, 0 to 1

    @classmethod
    def of(cls, pixels: NDArray[np.uint8]) -> Structures:
        """Measure the structures of (n, h, w, c).

        The count is the participation ratio (tr C)^2 / tr(C^2) of the descriptions' covariance
        C: the number of directions in which they differ, each weighted by how much.
        """
        rows = describe(pixels)
        rows = rows - rows.mean(axis=0)
        gram = rows @ rows.T  # has the eigenvalues of n C, and is smaller
        trace = float(np.trace(gram))
        if trace <= 0.0:
            return cls(0.0, 0.0)
        return cls(trace**2 / float(np.square(gram).sum()), trace / len(rows))

    def over(self, data: Structures) -> float:
        """Return these over those of the data: near 1 is healthy, near 0 is collapse.

        nan where the data are one structure. Fewer structures lower it, and so do structures
        that lie nearer together; that they lie further apart is no merit.
        """
        if data.spread < _LEAST_SPREAD:
            return math.nan
        return self.count / data.count * min(1.0, self.spread / data.spread)


def describe(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Describe where images have edges and which way these run, (n, d), rows of norm 1 or less.

    Takes (n, h, w, c). At each place the doubled angle of the gradient, times its size, over
    all channels (the structure tensor of Di Zenzo, 1986): it is the same for light on dark and
    dark on light, for every colour, and for every contrast that is not faint.
    """
    images = _shrink(pixels)
    across = images[:, 1:-1, 2:] - images[:, 1:-1, :-2]
    down = images[:, 2:, 1:-1] - images[:, :-2, 1:-1]
    along = (across**2 - down**2).sum(axis=-1)
    aslant = (2.0 * across * down).sum(axis=-1)
    size = np.sqrt((across**2 + down**2).sum(axis=-1))
    doubled = np.stack([along, aslant], axis=1) / np.maximum(size, 1e-9)[:, None]
    rows = doubled.reshape(len(pixels), -1)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    described: NDArray[np.float64] = rows / np.maximum(norms, _FAINT * math.sqrt(rows.shape[1]))
    return described


def _shrink(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Average squares of pixels, so that the shorter side is 32 or a little more, if it can be."""
    n, height, width, channels = pixels.shape
    factor = max(1, min(height, width) // _SIDE)
    rows, columns = height // factor, width // factor
    whole = pixels[:, : rows * factor, : columns * factor]
    squares = whole.reshape(n, rows, factor, columns, factor, channels)
    shrunk: NDArray[np.float64] = squares.mean(axis=(2, 4), dtype=np.float64)
    return shrunk

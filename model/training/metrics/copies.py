"""Copies: samples that lie nearer to a training image than new real images do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.training.metrics.confidence import bootstrap_mean, proportion
from model.training.metrics.distances import distance_blocks
from model.training.metrics.scores import Score

COPY_QUANTILE = 0.001
PIXEL_SIDE = 16


@dataclass(frozen=True)
class Nearest:
    """The nearest reference of each query: its row (n,) and its distance (n,)."""

    rows: NDArray[np.intp]
    distances: NDArray[np.float64]


def find_nearest(
    queries: NDArray[np.float32],
    references: NDArray[np.float32],
    own_rows: NDArray[np.intp] | None = None,
) -> Nearest:
    """Return the nearest of `references` (m, d) to each of `queries` (n, d).

    `own_rows` (n,) are the rows that hold the queries themselves, to be passed over where the
    queries are part of the references.
    """
    rows = np.empty(len(queries), np.intp)
    for block, distances in distance_blocks(queries, references):
        if own_rows is not None:
            distances[np.arange(len(distances)), own_rows[block]] = np.inf
        rows[block] = distances.argmin(axis=1)
    # Measured anew between the pairs found: the fast way round cannot tell 0 from nearly 0.
    exact = [
        np.linalg.norm((query - references[row]).astype(np.float64))
        for query, row in zip(queries, rows, strict=True)
    ]
    return Nearest(rows, np.array(exact))


def copy_threshold(real: NDArray[np.float64]) -> float:
    """Return the distance within which a sample counts as a copy.

    `real` (n,) are the distances of real images to their nearest training image, themselves
    excepted: one in a thousand of them is as near.
    """
    return float(np.quantile(real, COPY_QUANTILE, method="lower"))


def measure_copies(
    sampled: NDArray[np.float64], real: NDArray[np.float64], view: str
) -> list[Score]:
    """Return the copy rate and the mean distance to the nearest training image.

    Both arguments are such distances, of samples and of real images. Real images have a rate of
    about 0.001 by definition; where one in a thousand has a twin in the training data the
    threshold is 0, and only exact copies count. A generator that knows its training images by
    heart is nearer to them than real images are. `view` names what was compared.
    """
    threshold = copy_threshold(real)
    rates = (proportion(sampled <= threshold), proportion(real <= threshold))
    means = (bootstrap_mean(sampled), bootstrap_mean(real))
    return [
        Score(f"copy_rate_{view}", *rates, "lower"),
        Score(f"nearest_training_{view}", *means, "like real"),
    ]


def shrink_pixels(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return pixels (n, h, w, c) averaged to 16 x 16, flat, (n, d) in grey levels.

    Scaled so that the distance of two rows is their root mean square difference: a pixel or two
    of shift moves it little, which at full size would hide a copy. A side that 16 does not
    divide is left whole.
    """
    count, *sides, channels = pixels.shape
    down, across = (side // PIXEL_SIDE if side % PIXEL_SIDE == 0 else 1 for side in sides)
    height, width = sides[0] // down, sides[1] // across
    small = np.empty((count, height * width * channels), np.float32)
    for start in range(0, count, 1024):
        part = pixels[start : start + 1024]
        blocks = part.reshape(len(part), height, down, width, across, channels)
        small[start : start + 1024] = blocks.mean(axis=(2, 4), dtype=np.float32).reshape(
            len(part), -1
        )
    small /= np.float32(np.sqrt(small.shape[1]))
    return small

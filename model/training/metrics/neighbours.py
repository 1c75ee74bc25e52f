"""Precision, recall, density and coverage: scores of who is whose neighbour in feature space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.training.metrics.confidence import Estimate, bootstrap_mean, proportion
from model.training.metrics.distances import distance_blocks

PRECISION_NEIGHBOURS = 3
DENSITY_NEIGHBOURS = 5


@dataclass(frozen=True)
class Neighbourhoods:
    """For each image, what the four scores are means of.

    Attributes:
        is_precise: (m,) whether a fake lies in the ball of a real.
        is_recalled: (n,) whether a real lies in the ball of a fake.
        density: (m,) in how many balls of reals a fake lies, over k.
        is_covered: (n,) whether a fake lies in the ball of a real.
    """

    is_precise: NDArray[np.bool_]
    is_recalled: NDArray[np.bool_]
    density: NDArray[np.float64]
    is_covered: NDArray[np.bool_]


def measure_neighbours(real: NDArray[np.float32], fake: NDArray[np.float32]) -> dict[str, Estimate]:
    """Return precision, recall, density and coverage of features (n, d) and (m, d).

    The intervals take the balls as given and resample the images that are asked about.
    ValueError if a set has fewer than six rows.
    """
    found = find_neighbourhoods(real, fake)
    return {
        "precision": proportion(found.is_precise),
        "recall": proportion(found.is_recalled),
        "density": bootstrap_mean(found.density),
        "coverage": proportion(found.is_covered),
    }


def find_neighbourhoods(real: NDArray[np.float32], fake: NDArray[np.float32]) -> Neighbourhoods:
    """Ask of each image in whose ball it lies; a ball reaches to its centre's k-th neighbour.

    Precision and recall: Kynkaanniemi et al. (2019), equations 1 and 2, with their k of 3.
    Density and coverage: Naeem et al. (2020), equations 3 and 4, with their k of 5; density may
    pass 1. ValueError if a set has fewer than six rows.
    """
    near, far = neighbour_distances(real, (PRECISION_NEIGHBOURS, DENSITY_NEIGHBOURS))
    (fake_near,) = neighbour_distances(fake, (PRECISION_NEIGHBOURS,))
    is_precise = np.zeros(len(fake), bool)
    is_recalled, is_covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    balls = np.zeros(len(fake), np.int64)
    for rows, distances in distance_blocks(real, fake):
        is_precise |= (distances <= near[rows, None]).any(axis=0)
        is_recalled[rows] = (distances <= fake_near).any(axis=1)
        inside = distances <= far[rows, None]
        balls += inside.sum(axis=0)
        is_covered[rows] = inside.any(axis=1)
    return Neighbourhoods(is_precise, is_recalled, balls / DENSITY_NEIGHBOURS, is_covered)


def neighbour_distances(
    points: NDArray[np.float32], ranks: Sequence[int]
) -> list[NDArray[np.float32]]:
    """Return the squared distance of each row to its k-th nearest other, (n,), for each k.

    ValueError if there are too few rows to have such a neighbour.
    """
    if len(points) <= max(ranks):
        raise ValueError(f"at least {max(ranks) + 1} images are needed, not {len(points)}")
    found = [np.empty(len(points), np.float32) for _ in ranks]
    for rows, distances in distance_blocks(points, points):
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = np.inf
        ordered = np.partition(distances, [rank - 1 for rank in ranks], axis=1)
        for radii, rank in zip(found, ranks, strict=True):
            radii[rows] = ordered[:, rank - 1]
    return found

"""How varied samples are beside the data: in pixels, in structure, and as twins."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.training.diversity import mean_pairwise_distance, nearest_distances
from model.training.structure import Structures

SAMPLES = 64  # a look's; the data are measured on as many at a time
_PARTS = 4


@dataclass(frozen=True)
class Variety:
    """How varied 64 samples are; of the data's, so near 1 is healthy and near 0 is collapse."""

    diversity: float  # mean pairwise distance of pixels; nan where the data have none
    structure: float  # how many structures, beside colour; nan where the data have but one
    twins: float  # the share of samples nearer to another than half of the data's nearest pair


@dataclass(frozen=True)
class DataVariety:
    """What samples are measured by; distances in grey levels (see diversity.py)."""

    distance: float  # mean over all pairs
    nearest: float  # of the two most alike of 64
    structures: Structures  # of 64: a mean over four times as many

    @classmethod
    def of(cls, pixels: NDArray[np.uint8]) -> DataVariety:
        """Measure about 256 images from all over `pixels` (n, h, w, c)."""
        few = _spread(pixels, SAMPLES)
        nearest = float(nearest_distances(few).min()) if len(few) > 1 else 0.0
        step = max(1, min(_PARTS, len(pixels) // SAMPLES))
        many = _spread(pixels, step * SAMPLES)
        parts = [Structures.of(many[start::step]) for start in range(step)]
        structures = Structures(
            count=float(np.mean([part.count for part in parts])),
            spread=float(np.mean([part.spread for part in parts])),
        )
        return cls(mean_pairwise_distance(many), nearest, structures)

    def measure(self, samples: NDArray[np.uint8]) -> Variety:
        """Measure 64 samples, (64, h, w, c), by the data."""
        distance = mean_pairwise_distance(samples)
        return Variety(
            diversity=distance / self.distance if self.distance > 0 else math.nan,
            structure=Structures.of(samples).over(self.structures),
            twins=float((nearest_distances(samples) < self.nearest / 2).mean()),
        )


def _spread(pixels: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """Take `count` images from all over, if there are as many: neighbours may be of one class."""
    chosen = np.linspace(0, len(pixels) - 1, min(count, len(pixels))).astype(int)
    return np.asarray(pixels[chosen])

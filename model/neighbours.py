"""`Neighbour`: a seed whose latent is near to a given one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.latents import sample_latents
from model.spec import GeneratorSpec

# A seed takes about 5 microseconds to draw.
MAX_AMONG = 10_000
_PART = 1024


@dataclass(frozen=True)
class Neighbour:
    """A seed, how far its z is, and the cosine of the angle between the two."""

    seed: int
    distance: float
    cosine: float


def nearest_seeds(
    spec: GeneratorSpec, z: NDArray[np.float32], count: int, among: int
) -> list[Neighbour]:
    """Return the `count` seeds of 0 to `among` - 1 that are nearest to `z` (z_dim,), nearest first.

    By Euclidean distance; equal distances by seed. In 100 dimensions all samples are about
    equally far from each other, so the angle says how much two have in common.
    ValueError if `among` is out of its bounds or `z` has another length.
    """
    if not 1 <= among <= MAX_AMONG:
        raise ValueError(f"among must be from 1 to {MAX_AMONG}, not {among}")
    if z.shape != (spec.z_dim,):
        raise ValueError(f"a latent has {spec.z_dim} numbers, not {z.shape}")
    point = z.astype(np.float64)
    label = 0 if spec.is_conditional else None  # only z is compared
    distances, lengths = np.empty(among), np.empty(among)
    for start in range(0, among, _PART):
        stop = min(start + _PART, among)
        rows = sample_latents(spec, range(start, stop), label).z.astype(np.float64)
        distances[start:stop] = np.sqrt(((rows - point) ** 2).sum(axis=1))
        lengths[start:stop] = np.sqrt((rows**2).sum(axis=1))
    nearest = np.argsort(distances, kind="stable")[:count]
    own = float(np.sqrt((point**2).sum()))
    return [
        Neighbour(int(seed), float(distances[seed]), _cosine(own, lengths[seed], distances[seed]))
        for seed in nearest
    ]


def _cosine(a: float, b: float, distance: float) -> float:
    """Return the cosine of the angle that two sides enclose; 0 where one has no length."""
    if not a * b:
        return 0.0
    return float(np.clip((a * a + b * b - distance * distance) / (2 * a * b), -1.0, 1.0))

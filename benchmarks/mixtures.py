"""`MIXTURES`: the rings and grids of 2-D Gaussians on which GANs are known to drop modes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Mixture:
    """Equally likely round Gaussians: `means` float64 (k, 2), one standard deviation."""

    name: str
    means: NDArray[np.float64]
    std: float

    @property
    def unit(self) -> float:
        """Half of the distance between the two means that are nearest to each other."""
        distances = np.linalg.norm(self.means[:, None] - self.means[None, :], axis=2)
        return float(distances[distances > 0].min()) / 2

    def sample(self, count: int, stream: np.random.Generator) -> NDArray[np.float32]:
        """Draw points (count, 2)."""
        modes = stream.integers(len(self.means), size=count)
        points = self.means[modes] + self.std * stream.standard_normal((count, 2))
        return points.astype(np.float32)


def _ring(count: int) -> NDArray[np.float64]:
    angles = 2 * math.pi * np.arange(count) / count
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _grid(side: int) -> NDArray[np.float64]:
    """Return side * side points two apart, centred on the origin, (side * side, 2)."""
    line = 2.0 * np.arange(side) - (side - 1)
    return np.stack(np.meshgrid(line, line), axis=2).reshape(-1, 2)


# Ring and grid of 25 as in PacGAN's published code (Lin et al., 2018, section 4.1); the grid of
# 100 is the same grid, ten by ten.
MIXTURES = {
    mixture.name: mixture
    for mixture in (
        Mixture("ring8", _ring(8), 0.01),
        Mixture("grid25", _grid(5), 0.05),
        Mixture("grid100", _grid(10), 0.05),
    )
}

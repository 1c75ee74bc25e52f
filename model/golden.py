"""`Golden`: what a few seeds must look like, so that a reader can tell right from wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.spec import GeneratorSpec

GOLDEN_SEEDS = (0, 1, 2, 3)

# Another processor or library may round a pixel the other way; a wrong weight does more.
_TOLERANCE_LEVELS = 2


@dataclass(frozen=True)
class Golden:
    """Pixels of `GOLDEN_SEEDS`, uint8 (4, h, w, c), and their hashes by numeric path."""

    pixels: NDArray[np.uint8]
    hashes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def unknown(cls, spec: GeneratorSpec) -> Golden:
        """Return golden pixels that nothing has rendered yet: all zero."""
        return cls(np.zeros((len(GOLDEN_SEEDS), *spec.pixels_shape), np.uint8))

    def judge(self, pixels: NDArray[np.uint8], numeric_path: str) -> str:
        """Compare what an engine rendered with what the exporter saw.

        Returns "exact" if every byte is equal, "close" if no pixel is more than two levels
        off, which is rounding, else "wrong".
        """
        if self.has_seen(pixels, numeric_path):
            return "exact"
        if pixels.shape != self.pixels.shape:
            return "wrong"
        difference = np.abs(pixels.astype(np.int16) - self.pixels.astype(np.int16))
        if not difference.any():
            return "exact"
        return "close" if difference.max() <= _TOLERANCE_LEVELS else "wrong"

    def has_seen(self, pixels: NDArray[np.uint8], numeric_path: str) -> bool:
        """Whether the exporter saw these very pixels on this numeric path."""
        return self.hashes.get(numeric_path) == pixel_hashes(pixels)


def pixel_hashes(pixels: NDArray[np.uint8]) -> tuple[str, ...]:
    """Return the sha256 of each image's bytes, in hexadecimal."""
    return tuple(hashlib.sha256(image.tobytes()).hexdigest() for image in pixels)

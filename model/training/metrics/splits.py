"""Which real images a generator is held against, and which show how far reals are apart."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from model.training.dataset import ImageDataset

MAX_SEARCHED = 50_000


@dataclass(frozen=True)
class RealSplit:
    """Rows in random order.

    Attributes:
        pool: The data set of the two halves: the held-out one if there is one.
        reference: Rows of the pool that samples are compared with, (n,).
        other: As many rows of the pool, none of them a reference, (n,).
        searched: Rows of the training data that copies are looked for in, (m,).
        own_places: Where in `searched` the rows `other` lie, (n,); None if they are held out.
    """

    pool: ImageDataset
    reference: NDArray[np.intp]
    other: NDArray[np.intp]
    searched: NDArray[np.intp]
    own_places: NDArray[np.intp] | None


def split_reals(
    data: ImageDataset, held_out: ImageDataset | None, samples: int, seed: int = 0
) -> RealSplit:
    """Split the held-out images, or the training data if there are none, into halves.

    Each half has `samples` images, or as many as there are. Images of the training data are left
    out of the held-out ones. ValueError if there are fewer than 40 images a half.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(data.pixels))
    if held_out is None:
        pool, rows = data, order
    else:
        pool, rows = held_out, rng.permutation(unshared_rows(held_out, data))
    half = min(samples, len(rows) // 2)
    if half < 40:
        raise ValueError(
            f"at least 80 images that are not training images are needed, not {len(rows)}"
            if held_out is not None
            else f"at least 80 images and 40 samples are needed, not {len(rows)} and {samples}"
        )
    own_places = np.arange(half, 2 * half) if held_out is None else None
    return RealSplit(
        pool, rows[:half], rows[half : 2 * half], order[: max(MAX_SEARCHED, 2 * half)], own_places
    )


def unshared_rows(held_out: ImageDataset, data: ImageDataset) -> NDArray[np.intp]:
    """Return the rows of `held_out` whose pixels no image of `data` has."""
    known = {_digest(image) for image in data.pixels}
    return np.array(
        [row for row, image in enumerate(held_out.pixels) if _digest(image) not in known], np.intp
    )


def _digest(image: NDArray[np.uint8]) -> bytes:
    return blake2b(image.tobytes(), digest_size=16).digest()

"""Every random choice of a run, as a function of (seed, step).

There is no generator to save and none to forget: a resumed run draws what the
uninterrupted one would have drawn.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_DATA_ORDER, _NOISE, _AUGMENTATION, _PENALTY = range(4)


def _stream(seed: int, purpose: int, index: int) -> np.random.RandomState:
    return np.random.RandomState(np.random.Philox(key=(seed << 80) | (purpose << 64) | index))


@lru_cache(maxsize=2)  # a batch may end one epoch and begin the next
def _epoch_order(dataset_size: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return _stream(seed, _DATA_ORDER, epoch).permutation(dataset_size)


def batch_indices(dataset_size: int, batch_size: int, seed: int, step: int) -> NDArray[np.int64]:
    """Return which images step number `step` reads, (batch_size,).

    Every epoch visits each image once, in an order of its own, and none is dropped.
    """
    positions = np.arange(step * batch_size, (step + 1) * batch_size)
    return np.array(
        [
            _epoch_order(dataset_size, seed, int(position) // dataset_size)[position % dataset_size]
            for position in positions
        ],
        np.int64,
    )


def batch_noise(shape: tuple[int, int], seed: int, draw: int) -> NDArray[np.float32]:
    """Return z ~ N(0, 1) of `shape` (n, z_dim) for draw number `draw` of the run."""
    return _stream(seed, _NOISE, draw).standard_normal(shape).astype(np.float32)


def augmentation_draws(shape: tuple[int, int], seed: int, draw: int) -> NDArray[np.float32]:
    """Return numbers from [0, 1) of `shape` (n, k) for augmented batch number `draw`."""
    return _stream(seed, _AUGMENTATION, draw).random_sample(shape).astype(np.float32)


def penalty_shares(count: int, seed: int, step: int) -> NDArray[np.float32]:
    """Return how much of each point of a penalty is real, (count,) from [0, 1)."""
    return _stream(seed, _PENALTY, step).random_sample(count).astype(np.float32)


def penalty_noise(shape: tuple[int, ...], seed: int, step: int) -> NDArray[np.float32]:
    """Return N(0, 1) of `shape`, by which a penalty moves the real images of `step`."""
    return _stream(seed, _PENALTY, step).standard_normal(shape).astype(np.float32)

"""The sliced Wasserstein distance between local patches, a scale at a time."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from model.training.metrics.confidence import GROUPS, Estimate, group_numbers, jackknife

MAX_IMAGES = 4096

_PATCH_SIDE = 7
_PATCHES_PER_IMAGE = 64
_DIRECTIONS = 128
_SMALLEST_SIDE = 16
_IMAGES_AT_ONCE = 256
_BINOMIAL = (1.0, 4.0, 6.0, 4.0, 1.0)


def measure_sliced_wasserstein(
    real: NDArray[np.uint8], fake: NDArray[np.uint8], seed: int = 0
) -> dict[int, Estimate]:
    """Return 1,000 times the distance at each side of the Laplacian pyramid, from full to 16.

    Karras et al. (2018), section 5, but with 64 patches of each of at most 4,096 images and 128
    directions; the value of two equal distributions falls with the number of images, so look at
    the floor. Takes pixels (n, h, w, c) in random order, of which equally many are used.
    ValueError if there are fewer than 40 or they are smaller than 16 pixels.
    """
    count = min(len(real), len(fake), MAX_IMAGES) // GROUPS * GROUPS
    groups = np.repeat(group_numbers(count), _PATCHES_PER_IMAGE)
    found = {}
    side = min(real.shape[1:3])
    if side < _SMALLEST_SIDE:
        raise ValueError(f"images must have at least {_SMALLEST_SIDE} pixels a side, not {side}")
    for level in range(int(np.log2(side / _SMALLEST_SIDE)) + 1):
        a, b = (sample_patches(pixels[:count], level, seed) for pixels in (real, fake))
        directions = random_directions(a.shape[1], seed)
        errors = slice_distances(a @ directions, b @ directions, groups)
        found[side >> level] = jackknife(lambda g, errors=errors: errors[_row(g)] * 1000.0)  # type: ignore[misc]
    return found


def _row(group: int | None) -> int:
    return GROUPS if group is None else group


def random_directions(dimensions: int, seed: int) -> NDArray[np.float32]:
    """Return 128 directions spread evenly over the sphere, (d, 128)."""
    normal = np.random.default_rng(seed).standard_normal((dimensions, _DIRECTIONS))
    directions: NDArray[np.float32] = (normal / np.linalg.norm(normal, axis=0)).astype(np.float32)
    return directions


def slice_distances(
    a: NDArray[np.float32], b: NDArray[np.float32], groups: NDArray[np.intp]
) -> list[float]:
    """Return the mean over slices of the distance without each group, and with all, (21,).

    Takes the projections of equally many points, (n, directions), and the group of each row.
    On a line the optimal transport pairs points in order (Rabin et al., 2011, equation 7).
    """
    sums = np.zeros(GROUPS + 1)
    groups = groups.astype(np.uint8)  # compared forty times a slice
    for slice_a, slice_b in zip(a.T, b.T, strict=True):
        order_a, order_b = np.argsort(slice_a), np.argsort(slice_b)
        sorted_a, sorted_b = slice_a[order_a], slice_b[order_b]
        groups_a, groups_b = groups[order_a], groups[order_b]
        for group in range(GROUPS):
            gap = sorted_a[groups_a != group] - sorted_b[groups_b != group]
            sums[group] += np.abs(gap).mean(dtype=np.float64)
        sums[GROUPS] += np.abs(sorted_a - sorted_b).mean(dtype=np.float64)
    return [float(value) for value in sums / a.shape[1]]


def sample_patches(pixels: NDArray[np.uint8], level: int, seed: int) -> NDArray[np.float32]:
    """Cut 64 random 7 x 7 patches of each image at one level of its pyramid, (n * 64, 49 * c).

    Each channel is brought to mean 0 and deviation 1 over all patches, as in the paper.
    """
    rng = np.random.default_rng((seed, level))
    parts = []
    for start in range(0, len(pixels), _IMAGES_AT_ONCE):
        images = torch.from_numpy(np.asarray(pixels[start : start + _IMAGES_AT_ONCE]))
        band = laplacian_level(images.permute(0, 3, 1, 2).float(), level).numpy()
        top, left = (
            rng.integers(0, side - _PATCH_SIDE + 1, (len(band), _PATCHES_PER_IMAGE))
            for side in band.shape[2:]
        )
        windows = np.lib.stride_tricks.sliding_window_view(band, (_PATCH_SIDE,) * 2, axis=(2, 3))
        image = np.arange(len(band))[:, None]
        parts.append(windows[image, :, top, left].reshape(-1, band.shape[1], _PATCH_SIDE**2))
    patches = np.concatenate(parts)
    patches -= patches.mean(axis=(0, 2), keepdims=True, dtype=np.float64).astype(np.float32)
    deviation = np.sqrt(np.square(patches).mean(axis=(0, 2), keepdims=True, dtype=np.float64))
    patches /= np.maximum(deviation, 1e-8).astype(np.float32)
    return patches.reshape(len(patches), -1)


def laplacian_level(images: Tensor, level: int) -> Tensor:
    """Return one level of the Laplacian pyramid (Burt & Adelson, 1983) of (n, c, h, w).

    Where the smaller side is 16 it ends, with what is left.
    """
    for _ in range(level):
        images = _reduce(images)
    if min(images.shape[2:]) <= _SMALLEST_SIDE:
        return images
    return images - _expand(_reduce(images))


def _binomial(channels: int) -> Tensor:
    taps = torch.tensor(_BINOMIAL) / sum(_BINOMIAL)
    return torch.outer(taps, taps).expand(channels, 1, 5, 5)


def _reduce(images: Tensor) -> Tensor:
    padded = F.pad(images, (2, 2, 2, 2), mode="reflect")
    return F.conv2d(padded, _binomial(images.shape[1]), stride=2, groups=images.shape[1])


def _expand(images: Tensor) -> Tensor:
    count, channels, height, width = images.shape
    sparse = images.new_zeros(count, channels, 2 * height, 2 * width)
    sparse[:, :, ::2, ::2] = images
    padded = F.pad(sparse, (2, 2, 2, 2), mode="reflect")
    # Three of four pixels are 0, and the kernel makes up for it.
    return F.conv2d(padded, 4.0 * _binomial(channels), groups=channels)

"""MS-SSIM between pairs of samples: how alike the images of a generator are."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from model.training.metrics.confidence import Estimate, bootstrap_mean

_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_WINDOW = 11
_SIGMA = 1.5
_C1, _C2 = (0.01 * 255.0) ** 2, (0.03 * 255.0) ** 2
_PAIRS_AT_ONCE = 128


def measure_ms_ssim(pixels: NDArray[np.uint8]) -> Estimate:
    """Return the mean MS-SSIM of neighbouring rows of (n, h, w, c): 0 with 1, 2 with 3, ...

    Odena et al. (2017), section 4.2: near the data's own figure is healthy, near 1 is collapse.
    Each image is in one pair, so that pairs are independent. ValueError for fewer than two.
    """
    count = len(pixels) // 2
    if not count:
        raise ValueError("two images are needed to compare")
    values = [
        ms_ssim(_images(pixels[2 * at : 2 * stop : 2]), _images(pixels[2 * at + 1 : 2 * stop : 2]))
        for at in range(0, count, _PAIRS_AT_ONCE)
        for stop in (min(at + _PAIRS_AT_ONCE, count),)
    ]
    return bootstrap_mean(torch.cat(values).numpy())


def ms_ssim(a: Tensor, b: Tensor) -> Tensor:
    """Return the multi-scale structural similarity of levels (n, c, h, w) in [0, 255], (n,).

    Wang et al. (2003), equation 7, with their five weights, a Gaussian window of 11 pixels that
    shrinks with images smaller than it, and the mean over channels. A negative contrast term
    (which has no fractional power) counts as 0. 1 for equal images. Sides below 16 end early.
    """
    product = a.new_ones(len(a), a.shape[1])
    for scale, weight in enumerate(_WEIGHTS):
        if scale:
            a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
        luminance, contrast = _similarity(a, b)
        term = luminance * contrast if scale == len(_WEIGHTS) - 1 else contrast
        product = product * term.mean(dim=(2, 3)).clamp_min(0.0) ** weight
    return product.mean(dim=1)


def _similarity(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return luminance, and contrast times structure, at each place of the window."""
    down, across = (_gaussian(min(_WINDOW, side)) for side in a.shape[2:])

    def blur(x: Tensor) -> Tensor:
        channels = x.shape[1]
        x = F.conv2d(x, down.expand(channels, 1, -1)[:, :, :, None], groups=channels)
        return F.conv2d(x, across.expand(channels, 1, -1)[:, :, None, :], groups=channels)

    mean_a, mean_b = blur(a), blur(b)
    variances = blur(a * a) - mean_a**2 + blur(b * b) - mean_b**2
    covariance = blur(a * b) - mean_a * mean_b
    luminance = (2.0 * mean_a * mean_b + _C1) / (mean_a**2 + mean_b**2 + _C1)
    return luminance, (2.0 * covariance + _C2) / (variances + _C2)


def _gaussian(size: int) -> Tensor:
    """Return the window's taps; a smaller window is the same one, drawn smaller."""
    places = torch.arange(size, dtype=torch.float32) - (size - 1) / 2.0
    taps = torch.exp(-0.5 * (places / (_SIGMA * size / _WINDOW)) ** 2)
    return taps / taps.sum()


def _images(pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float()

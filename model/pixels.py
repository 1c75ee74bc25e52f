"""From images in [-1, 1] to pixels: the one place where rounding is decided."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray


def to_pixels(images: torch.Tensor) -> NDArray[np.uint8]:
    """Turn images float (n, c, h, w) in [-1, 1] into pixels uint8 (n, h, w, c).

    -1 is 0, 1 is 255, to the nearest level; values outside are clamped. Converted on the
    images' own device, so that a quarter of the bytes is copied.
    """
    levels = images.float().mul(127.5).add_(127.5).round_().clamp_(0, 255)
    pixels: NDArray[np.uint8] = (
        levels.to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()
    )
    return pixels

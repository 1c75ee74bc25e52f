"""From images in [-1, 1] to pixels, the one place where rounding is decided, and back."""

from __future__ import annotations

import torch
from torch import Tensor


def to_pixels(images: Tensor) -> Tensor:
    """Turn images float (n, c, h, w) in [-1, 1] into pixels uint8 (n, h, w, c).

    -1 is 0, 1 is 255, to the nearest level; values outside are clamped. Converted on the
    images' own device, where the pixels stay, so that a quarter of the bytes is copied.
    """
    levels = images.float().mul(127.5).add_(127.5).round_().clamp_(0, 255)
    return levels.to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def to_images(pixels: Tensor) -> Tensor:
    """Turn pixels uint8 (n, h, w, c) into images float32 (n, c, h, w) in [-1, 1], channels last.

    0 is -1 and 255 is 1. Converted on the pixels' own device.
    """
    return pixels.permute(0, 3, 1, 2).float() / 127.5 - 1.0

"""`Observation`: what is known of an image, and how far an image is from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

Task = Literal["invert", "inpaint", "denoise", "super-resolve"]
TASKS: tuple[Task, ...] = get_args(Task)
FACTORS = (2, 4, 8)


@dataclass(frozen=True)
class Observation:
    """Pixels that are known: `pixels` uint8 (h, w, c), `known` bool (h, w), and their scale.

    An image is measured through a known forward operator (Bora et al., 2017, equation 3): its
    `factor` x `factor` boxes are averaged, then all places that are not known left out. Raises
    ValueError if the shapes do not fit or nothing is known.
    """

    pixels: NDArray[np.uint8]
    known: NDArray[np.bool_]
    factor: int = 1

    def __post_init__(self) -> None:
        """Check that mask and pixels fit."""
        if self.pixels.ndim != 3 or self.known.shape != self.pixels.shape[:2]:
            raise ValueError(f"pixels {self.pixels.shape} do not fit a mask {self.known.shape}")
        if not self.known.any():
            raise ValueError("every pixel is masked: nothing is known of the image")

    def measure(self, device: torch.device) -> ErrorOf:
        """Return the function that measures images on `device`."""
        pixels = torch.from_numpy(self.pixels).to(device).permute(2, 0, 1)
        known = torch.from_numpy(self.known).to(device, torch.float32)
        return ErrorOf(pixels.float() / 127.5 - 1.0, known / known.sum(), self.factor)


@dataclass(frozen=True)
class ErrorOf:
    """The mean square error of images where they are known; what `Observation.measure` made."""

    target: Tensor  # (c, h, w) in [-1, 1]
    weights: Tensor  # (h, w), their sum 1
    factor: int

    def __call__(self, images: Tensor) -> Tensor:
        """Take images (n, c, h * factor, w * factor) in [-1, 1], give (n,), 0 and more."""
        if self.factor > 1:
            images = F.avg_pool2d(images, self.factor)
        squares = (images - self.target).square().mean(1)
        return (squares * self.weights).sum((1, 2))


def psnr_db(error: float) -> float:
    """Return the peak signal-to-noise ratio of a mean square error of images in [-1, 1].

    100 dB for an error too small to matter, so that it is always a number.
    """
    return min(100.0, -10.0 * math.log10(max(error, 4e-10) / 4.0))

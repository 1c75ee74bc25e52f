"""`Damage`: what is done to an image before inversion mends it, and the plain remedy for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.observation import Observation, Task, psnr_db
from model.png import to_pillow

_NOISE_LEVELS = 40.0  # standard deviation, of 255
_FACTOR = 4
_GRAY = 128

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Damage:
    """One kind of damage; `observe` takes an image and its number."""

    name: str
    task: Task
    observe: Callable[[Pixels, int], Observation]
    remedy_name: str
    remedy: Callable[[Observation], Pixels]

    def show(self, observation: Observation) -> Pixels:
        """Return what is left of the image, in its full size: (h, w, c)."""
        factor = observation.factor
        pixels = observation.pixels.repeat(factor, 0).repeat(factor, 1)
        pixels[~observation.known.repeat(factor, 0).repeat(factor, 1)] = _GRAY
        return pixels


def image_psnr(image: Pixels, other: Pixels, where: NDArray[np.bool_] | None = None) -> float:
    """Return the PSNR of two images (h, w, c) in dB, or only of the places `where` (h, w)."""
    squares = (image.astype(np.float64) - other) ** 2
    chosen = squares if where is None else squares[where]
    return psnr_db(float(chosen.mean()) / 127.5**2)


def _mask(image: Pixels, number: int) -> Observation:
    """Hide a square of half a side, a quarter of the image, at a place of its own."""
    height, width = image.shape[:2]
    stream = np.random.Generator(np.random.Philox(number))
    top, left = stream.integers(height // 2 + 1), stream.integers(width // 2 + 1)
    known = np.ones((height, width), np.bool_)
    known[top : top + height // 2, left : left + width // 2] = False
    return Observation(np.where(known[..., None], image, 0).astype(np.uint8), known)


def _fill_with_mean(observation: Observation) -> Pixels:
    mean = observation.pixels[observation.known].mean(0).round().astype(np.uint8)
    filled: Pixels = np.where(observation.known[..., None], observation.pixels, mean)
    return filled


def _add_noise(image: Pixels, number: int) -> Observation:
    stream = np.random.Generator(np.random.Philox(number))
    noisy = (image + stream.normal(0, _NOISE_LEVELS, image.shape)).round().clip(0, 255)
    return Observation(noisy.astype(np.uint8), np.ones(image.shape[:2], np.bool_))


def _reduce(image: Pixels, number: int) -> Observation:
    del number
    height, width, channels = image.shape
    boxes = image.reshape(height // _FACTOR, _FACTOR, width // _FACTOR, _FACTOR, channels)
    small = boxes.mean((1, 3)).round().astype(np.uint8)
    return Observation(small, np.ones(small.shape[:2], np.bool_), _FACTOR)


def _enlarge(observation: Observation) -> Pixels:
    height, width, channels = observation.pixels.shape
    size = (width * _FACTOR, height * _FACTOR)
    large = to_pillow(observation.pixels).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(large).reshape(*size[::-1], channels)


DAMAGES = (
    Damage("a quarter masked (inside it)", "inpaint", _mask, "mean colour", _fill_with_mean),
    Damage("noise of 40 levels", "denoise", _add_noise, "as it is", lambda item: item.pixels),
    Damage("reduced 4 times", "super-resolve", _reduce, "bicubic", _enlarge),
)

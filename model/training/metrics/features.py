"""From pixels to features: a network that was trained on photographs describes each image."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from model.training.dataset import ImageDataset
from model.training.image_cache import default_cache_dir

_IMAGES_AT_ONCE = 16


@dataclass(frozen=True)
class FeatureExtractor:
    """A way to describe images by numbers.

    Attributes:
        name: What a score says it was measured on.
        key: Changes whenever the features of an image would.
        extract: Maps pixels uint8 (n, 3, h, w) to features float32 (n, d).
    """

    name: str
    key: str
    extract: Callable[[Tensor], Tensor]


def choose_extractor(choice: str, device: str = "cpu") -> FeatureExtractor:
    """Return the extractor of `efficientnet-lite0`, `efficientnet-lite0:SIDE` or `inception=FILE`.

    With a SIDE images are first averaged to as many pixels, so that grain finer than that does
    not count. ValueError for anything else; ModuleNotFoundError where its package is not installed.
    """
    kind, _, file = choice.partition("=")
    network, colon, side = choice.partition(":")
    if network == "efficientnet-lite0" and (not colon or (side.isdecimal() and int(side) > 0)):
        return _efficientnet_lite0(device, int(side) if side else None)
    if kind == "inception" and file:
        from model.training.metrics.inception import load_inception

        return load_inception(Path(file), device)
    raise ValueError(f"features are efficientnet-lite0[:SIDE] or inception=FILE, not {choice!r}")


def _efficientnet_lite0(device: str, side: int | None) -> FeatureExtractor:
    from model.training.metrics.efficientnet_lite0 import (
        INPUT_SIDE,
        load_efficientnet_lite0,
        package_version,
    )

    network = load_efficientnet_lite0().to(device)

    def extract(pixels: Tensor) -> Tensor:
        levels = pixels.to(device).float()
        if side is not None and side < levels.shape[2]:
            levels = F.adaptive_avg_pool2d(levels, side)
        levels = resize(levels, INPUT_SIDE)
        features: Tensor = network(levels.contiguous(memory_format=torch.channels_last))
        return features

    name = "efficientnet-lite0" + (f":{side}" if side else "")
    return FeatureExtractor(name, f"{name}-{package_version()}-{INPUT_SIDE}", extract)


def resize(levels: Tensor, side: int) -> Tensor:
    """Resize (n, c, h, w) to `side` by linear interpolation, and without aliasing if smaller."""
    if levels.shape[2:] == (side, side):
        return levels
    return F.interpolate(levels, (side, side), mode="bilinear", antialias=levels.shape[2] > side)


def extract_features(
    extractor: FeatureExtractor, pixels: NDArray[np.uint8], show_progress: bool = False
) -> NDArray[np.float32]:
    """Return the features of pixels (n, h, w, c), c from 1 to 4, as (n, d).

    Gray is repeated over three channels and alpha is laid over white. RuntimeError if a feature
    is not finite.
    """
    parts = []
    with (
        torch.inference_mode(),
        tqdm(total=len(pixels), desc="features", unit="img", disable=not show_progress) as bar,
    ):
        for start in range(0, len(pixels), _IMAGES_AT_ONCE):
            batch = to_rgb(np.asarray(pixels[start : start + _IMAGES_AT_ONCE]))
            images = torch.from_numpy(np.ascontiguousarray(batch.transpose(0, 3, 1, 2)))
            parts.append(extractor.extract(images).float().cpu().numpy())
            bar.update(len(batch))
    features = np.concatenate(parts)
    if not np.isfinite(features).all():
        raise RuntimeError(f"{extractor.name} gave a feature that is not finite")
    return features


def to_rgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pixels (n, h, w, c), c from 1 to 4, as RGB (n, h, w, 3)."""
    colors = pixels
    if pixels.shape[3] in (2, 4):
        alpha = pixels[..., -1:].astype(np.float32) / 255.0
        laid = pixels[..., :-1] * alpha + 255.0 * (1.0 - alpha)
        colors = np.rint(laid).astype(np.uint8)
    return np.repeat(colors, 3, axis=3) if colors.shape[3] == 1 else colors


def dataset_features(
    extractor: FeatureExtractor,
    dataset: ImageDataset,
    rows: NDArray[np.intp],
    cache_dir: Path | None = None,
    show_progress: bool = False,
) -> NDArray[np.float32]:
    """Return the features of some rows of a data set, (len(rows), d), kept beside its images.

    The key covers the images, the rows and the extractor; a file that cannot be read, or is of
    another shape, is made anew.
    """
    folder = (default_cache_dir() if cache_dir is None else cache_dir) / "features"
    key = blake2b(f"{dataset.digest} {extractor.key} ".encode(), digest_size=16)
    key.update(rows.astype("<i8").tobytes())
    place = folder / f"{key.hexdigest()}.npy"
    try:
        kept: NDArray[np.float32] = np.load(place, allow_pickle=False)
        if kept.dtype == np.float32 and kept.ndim == 2 and len(kept) == len(rows):
            return kept
    except (OSError, ValueError, EOFError):
        pass
    features = extract_features(extractor, dataset.pixels[rows], show_progress)
    _keep(features, place)
    return features


def _keep(features: NDArray[np.float32], place: Path) -> None:
    """Write the file whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=place.parent, suffix=".partial", delete=False) as file:
        partial = Path(file.name)
        try:
            np.save(file, features, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
            partial.replace(place)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

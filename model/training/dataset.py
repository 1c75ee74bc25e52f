"""A data set ready to train on: mapped pixels, labels, and where they come from."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model.spec import GeneratorSpec
from model.training.dataset_error import DatasetError
from model.training.image_cache import default_cache_dir, open_cache
from model.training.image_decoding import MODES, PixelFormat
from model.training.image_folder import read_folder
from model.training.image_source import SkippedImage, open_source

MIN_RESOLUTION = 4
MAX_RESOLUTION = 1024
NAMED_SKIPS = 20

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImageDataset:
    """Images of one size with what is known of them. Row i of every array is the same image.

    Attributes:
        pixels: uint8 (n, h, w, c), mapped read-only from the cache.
        labels: Class index of each image, int64 (n,), or ``None``.
        class_names: Name of each class.
        attributes: uint8 (n, k) of 0 and 1, or ``None``.
        attribute_names: Name of each attribute column.
        name: From ``dataset.json``, or else the folder's or zip's own name.
        licence: From ``dataset.json``, or else ``unknown``.
        credit: From ``dataset.json``, or else empty.
        digest: Covers the bytes and names of all images and how they are decoded, not the labels.
        skipped: What was found and left out, and why.
    """

    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64] | None
    class_names: tuple[str, ...]
    attributes: npt.NDArray[np.uint8] | None
    attribute_names: tuple[str, ...]
    name: str
    licence: str
    credit: str
    digest: str
    skipped: tuple[SkippedImage, ...]

    def attributes_of(
        self, names: Sequence[str], rows: npt.NDArray[np.intp] | slice = slice(None)
    ) -> npt.NDArray[np.uint8]:
        """Return which of the attributes `names` the images `rows` have, 0 or 1, (n, k).

        DatasetError, with those that there are, for one that is not known.
        """
        columns = []
        for name in names:
            if self.attributes is None or name not in self.attribute_names:
                known = ", ".join(self.attribute_names) or "none"
                raise DatasetError(f"{self.name} has no attribute {name!r}; it has: {known}")
            columns.append(self.attributes[rows, self.attribute_names.index(name)])
        return np.stack(columns, axis=1)


def open_dataset(
    source: Path,
    *,
    img_resolution: int,
    img_channels: int,
    img_width: int | None = None,
    cache_dir: Path | None = None,
    show_progress: bool = True,
) -> ImageDataset:
    """Open a folder or a zip of images; the layouts it may have are those of ``image_folder``.

    Images are decoded once to ``img_resolution`` x ``img_width`` (None: a square) and kept in
    ``cache_dir``, by default ``$GANLOOM_CACHE`` or ``~/.cache/ganloom``. A file that cannot be
    used is logged, listed in ``skipped`` and left out. DatasetError if the source does not exist,
    holds no usable image or has wrong labels, if an argument is out of range, or if the cache
    cannot be written.
    """
    _check_format({"img_resolution": img_resolution, "img_width": img_width}, img_channels)
    opened, where = open_source(source), cache_dir or default_cache_dir()
    try:
        folder = read_folder(opened)
        target = PixelFormat(img_resolution, img_channels, folder.is_celeba, img_width)
        cache = open_cache(opened, folder.names, target, where, show_progress)
    finally:
        opened.close()
    kept = _kept_rows(folder.names, cache.skipped)
    _report(skipped := (*folder.skipped, *cache.skipped), cache.small, target, len(kept))
    return ImageDataset(
        pixels=cache.pixels,
        labels=None if folder.labels is None else folder.labels[kept],
        class_names=folder.class_names,
        attributes=None if folder.attributes is None else folder.attributes[kept],
        attribute_names=folder.attribute_names,
        name=folder.record.name,
        licence=folder.record.licence,
        credit=folder.record.credit,
        digest=cache.digest,
        skipped=skipped,
    )


def open_dataset_for(
    spec: GeneratorSpec, source: Path, *, show_progress: bool = True
) -> ImageDataset:
    """Open images decoded to the shape of a generator's; DatasetError as ``open_dataset``."""
    return open_dataset(
        source,
        img_resolution=spec.img_resolution,
        img_width=spec.img_width,
        img_channels=spec.img_channels,
        show_progress=show_progress,
    )


def _check_format(sides: dict[str, int | None], img_channels: int) -> None:
    for name, side in sides.items():
        if side is not None and not MIN_RESOLUTION <= side <= MAX_RESOLUTION:
            raise DatasetError(
                f"{name} must be from {MIN_RESOLUTION} to {MAX_RESOLUTION}, got {side}"
            )
    if img_channels not in MODES:
        raise DatasetError(f"img_channels must be 1, 2, 3 or 4, got {img_channels}")


def _kept_rows(names: Sequence[str], skipped: Sequence[SkippedImage]) -> npt.NDArray[np.intp]:
    """Return the positions in ``names`` of the images that have a row in the cache."""
    refused = {image.name for image in skipped}
    return np.array([i for i, name in enumerate(names) if name not in refused], dtype=np.intp)


def _report(skipped: Sequence[SkippedImage], small: int, target: PixelFormat, images: int) -> None:
    """Say what became of the images that are not plainly in the data set."""
    for image in skipped[:NAMED_SKIPS]:
        log.warning("skipped %s: %s", image.name, image.reason)
    if len(skipped) > NAMED_SKIPS:
        log.warning("... and %d more", len(skipped) - NAMED_SKIPS)
    if skipped:
        log.warning("%d images skipped, %d kept", len(skipped), images)
    if small:
        log.warning(
            "%d of %d images are smaller than %d x %d pixels and were padded or enlarged",
            small,
            images,
            *target.size,
        )

"""Decoded images on disk: one file of raw uint8 pixels that is mapped, never read into memory.

A cache is a folder named after its key. It holds ``pixels.bin`` (n images of h x w x c bytes) and
``cache.json``. The key covers the bytes of every image, the pixel format and the decoder's version,
so a cache is right or absent, and never stale. It is built beside its place and renamed into it: a
build that is killed leaves nothing that could be taken for a cache.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt
from filelock import FileLock
from tqdm import tqdm

from model.training.dataset_error import DatasetError
from model.training.image_decoding import (
    DECODER_VERSION,
    DecodedImage,
    PixelFormat,
    UndecodableImageError,
    decode_image,
)
from model.training.image_source import ImageSource, SkippedImage, UnreadableFileError

PIXELS_NAME = "pixels.bin"
HEADER_NAME = "cache.json"
IMAGES_PER_BATCH = 256
MAX_THREADS = 16
CHECKED_BLOCKS = 256
BLOCK_BYTES = 4 * 2**20

Result = TypeVar("Result")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImageCache:
    """The decoded images of a source.

    Attributes:
        pixels: uint8 (n, h, w, c), mapped read-only.
        digest: The cache key.
        skipped: The images that could not be decoded; the rows are all others, in order.
        small: How many images were smaller than asked.
    """

    pixels: npt.NDArray[np.uint8]
    digest: str
    skipped: tuple[SkippedImage, ...]
    small: int


def default_cache_dir() -> Path:
    """Return ``$GANLOOM_CACHE``, or ``~/.cache/ganloom`` when that is unset."""
    chosen = os.environ.get("GANLOOM_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "ganloom"


def open_cache(
    source: ImageSource,
    names: Sequence[str],
    target: PixelFormat,
    cache_dir: Path,
    show_progress: bool = True,
) -> ImageCache:
    """Map the cache of the images ``names`` of ``source``; decode them first if there is none.

    Raises:
        DatasetError: No image could be decoded, or the cache cannot be written.
    """
    digest = _digest(source, names, target, show_progress)
    place = cache_dir / digest
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        # Two runs started together would decode the same images twice; the second one waits.
        with FileLock(cache_dir / f"{digest}.lock"):
            cache = _map_cache(place, digest, target)
            if cache is None:
                _build(source, names, target, place, show_progress)
                cache = _map_cache(place, digest, target)
    except OSError as error:
        raise DatasetError(
            f"cannot write the image cache in {cache_dir}: {error.strerror or error}; "
            "set GANLOOM_CACHE to a folder with room"
        ) from error
    if cache is None:
        raise DatasetError(f"the image cache {place} was damaged while it was written")
    return cache


def _digest(
    source: ImageSource, names: Sequence[str], target: PixelFormat, show_progress: bool
) -> str:
    digest = blake2b(digest_size=16)
    digest.update(repr((DECODER_VERSION, target)).encode())
    if target.img_width is not None:
        digest.update(f"img_width={target.img_width}".encode())
    for item in _in_threads(source.fingerprint, names, "reading", show_progress):
        digest.update(repr(item).encode())
    return digest.hexdigest()


def _map_cache(place: Path, digest: str, target: PixelFormat) -> ImageCache | None:
    """Map a finished cache; a damaged one is as good as none."""
    shape = (*target.size, target.img_channels)
    try:
        header = json.loads((place / HEADER_NAME).read_text("utf-8"))
        images = int(header["images"])
        skipped = tuple(SkippedImage(name, reason) for name, reason in header["skipped"])
        if (place / PIXELS_NAME).stat().st_size != images * int(np.prod(shape)):
            raise ValueError("wrong size")
        pixels = np.memmap(place / PIXELS_NAME, np.uint8, "r", shape=(images, *shape))
        if _checksum(pixels) != header["checksum"]:
            raise ValueError("wrong checksum")
        return ImageCache(pixels, digest, skipped, int(header["small"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("the image cache %s is damaged (%s) and is built again", place, error)
        return None


def _build(
    source: ImageSource,
    names: Sequence[str],
    target: PixelFormat,
    place: Path,
    show_progress: bool,
) -> None:
    """Decode all images into a folder beside ``place``, then rename it."""
    partial = place.with_name(place.name + ".partial")
    # The lock is ours, so whatever lies there was left by a run that was killed.
    for leftover in (partial, place):
        if leftover.exists():
            shutil.rmtree(leftover)
    partial.mkdir()
    try:
        with (partial / PIXELS_NAME).open("wb") as file:
            small, skipped = _decode_all(source, names, target, file, show_progress)
            file.flush()
            os.fsync(file.fileno())
        header = {
            "images": len(names) - len(skipped),
            "small": small,
            "checksum": _checksum(np.memmap(partial / PIXELS_NAME, np.uint8, "r")),
            "skipped": [(image.name, image.reason) for image in skipped],
        }
        (partial / HEADER_NAME).write_text(json.dumps(header), "utf-8")
        partial.rename(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _decode_all(
    source: ImageSource,
    names: Sequence[str],
    target: PixelFormat,
    file: BinaryIO,
    show_progress: bool,
) -> tuple[int, list[SkippedImage]]:
    """Append every image to ``file``; return how many were small, and those left out."""

    def decode(name: str) -> DecodedImage | SkippedImage:
        try:
            return decode_image(source.read(name), target)
        except (UnreadableFileError, UndecodableImageError) as error:
            return SkippedImage(name, str(error))

    small = 0
    skipped: list[SkippedImage] = []
    with warnings.catch_warnings():
        # Pillow warns of odd metadata in files that it reads well.
        warnings.simplefilter("ignore")
        for _, decoded in _in_threads(decode, names, "decoding", show_progress):
            if isinstance(decoded, SkippedImage):
                skipped.append(decoded)
            else:
                file.write(decoded.pixels.tobytes())
                small += decoded.was_small
    if len(skipped) == len(names):
        raise DatasetError(
            f"none of the {len(names)} images in {source.path} could be decoded; "
            f"the first: {skipped[0].name} ({skipped[0].reason})"
        )
    return small, skipped


def _in_threads(
    work: Callable[[str], Result], names: Sequence[str], task: str, show_progress: bool
) -> Iterator[tuple[str, Result]]:
    """Yield ``(name, work(name))`` in order, with a bounded number of results in memory."""
    with (
        ThreadPoolExecutor(min(os.cpu_count() or 1, MAX_THREADS)) as pool,
        tqdm(total=len(names), desc=task, unit="img", disable=not show_progress) as bar,
    ):
        for start in range(0, len(names), IMAGES_PER_BATCH):
            batch = names[start : start + IMAGES_PER_BATCH]
            for name, result in zip(batch, pool.map(work, batch), strict=True):
                yield name, result
                bar.update()


def _checksum(pixels: npt.NDArray[np.uint8]) -> int:
    """Return the CRC of the pixels; of a cache beyond a gigabyte, of blocks spread evenly over it.

    It notices a damaged disk or a half-copied folder. It runs at every start, so its cost is
    bounded however large the cache is.
    """
    flat = pixels.reshape(-1)
    checksum = 0
    for start in range(0, flat.size, max(BLOCK_BYTES, flat.size // CHECKED_BLOCKS)):
        checksum = zlib.crc32(flat[start : start + BLOCK_BYTES].data, checksum)
    return checksum

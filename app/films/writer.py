"""`FilmWriter`: frames in, in order and in any slices; bytes out, the same for any slicing."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import Any, Protocol

import av
import numpy as np

from app.films.apng import ApngWriter
from app.films.gif import GifWriter
from app.films.timing import FilmTiming
from app.films.video import MP4, WEBM, VideoWriter
from app.films.webp import WebpWriter
from app.image_encoding import (
    AnimationFormat,
    ImageFormat,
    Pixels,
    encode_image,
    encoder_version,
)

_WRITER_NUMBER = 1  # raise it with any change of what is written for equal frames


class FilmWriter(Protocol):
    """What writes one film; used on one thread at a time."""

    def write(self, frames: Sequence[Any]) -> bytes:
        """Return what can be sent once the next frames are there, encoded as `still_format`."""

    def close(self) -> bytes:
        """Return the rest."""


def still_format(animation_format: AnimationFormat) -> ImageFormat | None:
    """Return how the frames of a film are encoded one by one; None for pixels."""
    return {AnimationFormat.APNG: ImageFormat.PNG, AnimationFormat.WEBP: ImageFormat.WEBP}.get(
        animation_format
    )


def open_film(
    animation_format: AnimationFormat, size: tuple[int, int], count: int, timing: FilmTiming
) -> FilmWriter:
    """Begin a film of `count` frames of height and width `size`."""
    if animation_format is AnimationFormat.APNG:
        return ApngWriter(count, timing)
    if animation_format is AnimationFormat.WEBP:
        return WebpWriter(size, timing)
    if animation_format is AnimationFormat.GIF:
        return GifWriter(timing)
    kind = MP4 if animation_format is AnimationFormat.MP4 else WEBM
    return VideoWriter(kind, size, timing)


def encode_film(
    frames: Pixels, animation_format: AnimationFormat, timing: FilmTiming | None = None
) -> bytes:
    """Write pixels (n, h, w, c), n >= 1, as one film."""
    count, height, width, _ = frames.shape
    writer = open_film(animation_format, (height, width), count, timing or FilmTiming())
    encoding = still_format(animation_format)
    stills = [encode_image(frame, encoding) for frame in frames] if encoding else list(frames)
    return writer.write(stills) + writer.close()


@functools.cache
def film_version() -> str:
    """Name all that decides about the bytes of equal films; a part of the ETag of each.

    As `encoder_version` does it: by what each format makes of one film.
    """
    at = np.arange(3 * 32 * 48 * 3, dtype=np.int64)
    frames = (at * at // 512 ^ at // 16).astype(np.uint8).reshape(3, 32, 48, 3)
    content = hashlib.sha256(repr([av.__version__, sorted(av.library_versions.items())]).encode())
    for animation_format in AnimationFormat:
        content.update(encode_film(frames, animation_format))
    return f"{encoder_version()}-{_WRITER_NUMBER}-{content.hexdigest()[:12]}"

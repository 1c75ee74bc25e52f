"""Pixels to bytes: stills, sheets, strips, archives. Pure, and deterministic.

Pixels are uint8 (h, w, c), c from 1 to 4: gray, gray and alpha, RGB, RGBA. PNG and WebP are
lossless; JPEG has no alpha, so it is painted on white. `app/films` writes moving pictures.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import deflate
import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, features

from model.png import encode_png, to_pillow

Pixels = NDArray[np.uint8]

_ENCODER_NUMBER = 3  # raise it with any change of what is written for equal pixels
_JPEG_QUALITY = 92
_WEBP_EFFORT = 2
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that zip can say


class ImageFormat(StrEnum):
    """How one still is written."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"

    @property
    def media_type(self) -> str:
        """The IANA name."""
        return f"image/{self.value}"

    @property
    def extension(self) -> str:
        """The end of a file name."""
        return "jpg" if self is ImageFormat.JPEG else self.value


class AnimationFormat(StrEnum):
    """How a walk is written as moving pictures."""

    GIF = "gif"
    APNG = "apng"
    WEBP = "webp"
    MP4 = "mp4"
    WEBM = "webm"

    @property
    def is_video(self) -> bool:
        """Whether it is a video, which has no loop of its own."""
        return self in (AnimationFormat.MP4, AnimationFormat.WEBM)

    @property
    def media_type(self) -> str:
        """The IANA name."""
        return f"{'video' if self.is_video else 'image'}/{self.value}"


def load_encoders() -> None:
    """Load Pillow's plugins and try every encoder now, not with the first request."""
    Image.init()
    encoder_version()


@functools.cache
def encoder_version() -> str:
    """Name all that decides about the bytes of equal pixels; a part of every ETag.

    Versions are not enough, for a library may write other bytes on another CPU. So what each
    format makes of one picture is in the name too.
    """
    at = np.arange(64 * 64 * 3, dtype=np.int64)
    # A chirp, whose repeats come ever nearer to noise: long and varied enough that two hash
    # functions of a compressor find different matches in it.
    pixels = (at * at // 512 ^ at // 16).astype(np.uint8).reshape(64, 64, 3)
    libraries = [features.version(name) for name in ("zlib", "libjpeg_turbo", "webp")]
    content = hashlib.sha256(repr([PIL.__version__, deflate.__version__, *libraries]).encode())
    for image_format in ImageFormat:
        content.update(encode_image(pixels, image_format))
    return f"{_ENCODER_NUMBER}-{content.hexdigest()[:12]}"


def encode_image(pixels: Pixels, image_format: ImageFormat) -> bytes:
    """Write one still; PNG and WebP give back the very pixels, WebP as RGB or RGBA."""
    if image_format is ImageFormat.PNG:
        return encode_png(pixels)
    image = to_pillow(pixels)
    buffer = io.BytesIO()
    if image_format is ImageFormat.WEBP:
        image = _to_colour(image)
        # `exact` keeps the colour of transparent pixels.
        image.save(buffer, "WEBP", lossless=True, exact=True, quality=0, method=_WEBP_EFFORT)
    else:
        paint_on_white(image).save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()


def pack_zip(names: Sequence[str], files: Sequence[bytes]) -> bytes:
    """Pack files, stored since images do not shrink, under one fixed date."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in zip(names, files, strict=True):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # the same bytes whatever this runs on
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def pack_multipart(
    names: Sequence[str], files: Sequence[bytes], media_type: str
) -> tuple[bytes, str]:
    """Pack files as MIME parts (RFC 2046); returns the body and its media type."""
    content = hashlib.sha256()
    for data in files:
        content.update(data)
    # Derived from the files, so equal answers have equal bytes, and found in none of them.
    boundary = f"ganloom-{content.hexdigest()[:32]}"
    body = io.BytesIO()
    for name, data in zip(names, files, strict=True):
        head = (
            f"--{boundary}\r\nContent-Type: {media_type}\r\nContent-Length: {len(data)}\r\n"
            f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
        )
        body.write(head.encode("ascii") + data + b"\r\n")
    body.write(f"--{boundary}--\r\n".encode("ascii"))
    return body.getvalue(), f"multipart/mixed; boundary={boundary}"


def pack_json(
    document: dict[str, Any], rows: Sequence[dict[str, Any]], files: list[bytes]
) -> bytes:
    """Write `document` with `images`: each row, and its file as base64 under `data`."""
    images = [
        {**row, "data": base64.b64encode(data).decode("ascii")}
        for row, data in zip(rows, files, strict=True)
    ]
    return json.dumps({**document, "images": images}, separators=(",", ":")).encode("ascii")


def _to_colour(image: Image.Image) -> Image.Image:
    """Widen gray to RGB and gray with alpha to RGBA, all that WebP has."""
    return image.convert({"L": "RGB", "LA": "RGBA"}.get(image.mode, image.mode))


def paint_on_white(image: Image.Image) -> Image.Image:
    """Remove alpha, for a format that has none."""
    if image.mode not in ("LA", "RGBA"):
        return image
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")

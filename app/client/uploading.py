"""A picture from wherever it is, as the `Upload` that the service reads."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TypeAlias

from PIL import Image

from app.client.calls import Upload

# A file's bytes, where it lies, or an image; what is transparent in it stays so.
Picture: TypeAlias = bytes | str | os.PathLike[str] | Image.Image

_MODES = ("L", "LA", "RGB", "RGBA")


def read_upload(picture: Picture) -> Upload:
    """Read a PNG, JPEG or WebP as it is; write a Pillow image as PNG.

    ValueError if the bytes are neither of the three, OSError if there is no such file.
    """
    if isinstance(picture, Image.Image):
        return Upload(_write_png(picture), "image/png")
    data = picture if isinstance(picture, bytes) else Path(picture).read_bytes()
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Upload(data, "image/png")
    if data.startswith(b"\xff\xd8\xff"):
        return Upload(data, "image/jpeg")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Upload(data, "image/webp")
    raise ValueError("send the bytes of a PNG, JPEG or WebP, its path, or a Pillow image")


def _write_png(image: Image.Image) -> bytes:
    if image.mode not in _MODES:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()

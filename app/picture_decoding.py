"""`Picture`: an uploaded file, decoded within limits."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from app.claim_embedding import KEYWORD, claim_in_xmp
from app.errors import InvalidRequest
from app.image_encoding import ImageFormat, Pixels

_MODES = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}


@dataclass(frozen=True)
class Picture:
    """Pixels uint8 (h, w, c), c from 1 to 4, the format they came in, and what the file claims."""

    pixels: Pixels
    image_format: ImageFormat
    claim: str | None


def decode_picture(file: bytes, max_pixels: int) -> Picture:
    """Decode a PNG, JPEG or WebP of one image; blocks.

    The size that the file states is judged before anything is allocated for it. Raises
    InvalidRequest on whatever else it is.
    """
    try:
        formats = [item.name for item in ImageFormat]
        image: Image.Image = Image.open(io.BytesIO(file), formats=formats)
        width, height = image.size
        if width * height > max_pixels:
            raise InvalidRequest("body", f"a picture of at most {max_pixels} pixels")
        if getattr(image, "n_frames", 1) != 1:
            raise InvalidRequest("body", "a picture that does not move")
        image.load()
        claim = _read_claim(image)
        if image.mode not in _MODES:
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        pixels = np.asarray(image).reshape(height, width, _MODES[image.mode])
        return Picture(pixels, _format_of(file), claim)
    except InvalidRequest:
        raise
    except Exception as error:  # Pillow raises a dozen kinds on files that are broken
        raise InvalidRequest("body", "a PNG, JPEG or WebP that can be read") from error


def _format_of(file: bytes) -> ImageFormat:
    """Tell the format of a file that was opened as one of the three, by its first byte."""
    kinds = {b"\x89": ImageFormat.PNG, b"\xff": ImageFormat.JPEG, b"R": ImageFormat.WEBP}
    return kinds[file[:1]]


def _read_claim(image: Image.Image) -> str | None:
    """Return the claim's text, wherever the format keeps it."""
    text = image.info.get(KEYWORD)
    if isinstance(text, str):
        return text
    xmp = image.info.get("xmp")
    return claim_in_xmp(xmp) if isinstance(xmp, bytes) else None

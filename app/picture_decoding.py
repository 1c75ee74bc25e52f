"""`Picture`: an uploaded file, decoded within limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from app.claim_embedding import KEYWORD, claim_in_xmp
from app.errors import InvalidRequest
from app.image_encoding import ImageFormat, Pixels
from model.picture import PictureError, open_still

_MODES = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}


@dataclass(frozen=True)
class Picture:
    """Pixels uint8 (h, w, c), c from 1 to 4, the format they came in, and what the file claims."""

    pixels: Pixels
    image_format: ImageFormat
    claim: str | None


def decode_picture(file: bytes, max_pixels: int) -> Picture:
    """Decode a PNG, JPEG or WebP of one image as it is stored; blocks. Raises InvalidRequest."""
    try:
        with open_still(file, max_pixels) as image:
            width, height = image.size
            image.load()
            claim = _read_claim(image)
            still: Image.Image = image
            if image.mode not in _MODES:
                still = image.convert("RGBA" if image.has_transparency_data else "RGB")
            pixels = np.asarray(still).reshape(height, width, _MODES[still.mode])
            return Picture(pixels, _format_of(file), claim)
    except PictureError as error:
        raise InvalidRequest("body", str(error)) from error


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

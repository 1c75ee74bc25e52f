"""`Picture`: an image file from anyone, decoded within limits and fitted to a generator."""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from model.observation import FACTORS, Observation, Task
from model.spec import GeneratorSpec

# By Pillow's names; the plugins of all others are never asked.
PICTURE_FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_OPAQUE = 128


class PictureError(ValueError):
    """The file is no picture that can be used; the message says why, for whoever sent it."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture, upright, in RGBA."""

    image: Image.Image
    media_type: str


@contextlib.contextmanager
def open_still(data: bytes, max_pixels: int) -> Iterator[Image.Image]:
    """Open a PNG, JPEG or WebP of one image and at most `max_pixels`; PictureError if it is none.

    The size is known from the header and judged before any pixel is decoded. What goes wrong while
    the image is in use is a PictureError too, as Pillow decodes late.
    """
    try:
        with warnings.catch_warnings():
            # What Pillow warns about is bounded here, or comes from a damaged file's metadata.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=tuple(PICTURE_FORMATS)) as image:
                _check_header(image, max_pixels)
                yield image
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        raise PictureError(f"at most {max_pixels} pixels") from error
    # Pillow's decoders raise these for files that end early or contradict themselves.
    except (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error) as error:
        raise PictureError("not a whole PNG, JPEG or WebP image") from error
    except (ArithmeticError, LookupError, TypeError, AttributeError, MemoryError) as error:
        raise PictureError("not a whole PNG, JPEG or WebP image") from error


def read_picture(data: bytes, max_pixels: int) -> Picture:
    """Decode a still upright; PictureError as `open_still` raises it."""
    with open_still(data, max_pixels) as image:
        media_type = PICTURE_FORMATS[str(image.format)]
        return Picture(ImageOps.exif_transpose(image).convert("RGBA"), media_type)


def observe(picture: Picture, spec: GeneratorSpec, task: Task, factor: int = 4) -> Observation:
    """Fit a picture to a generator: what `task` may know of it.

    Cut to the generator's proportions around its middle and resampled to its size, for
    "super-resolve" to a `factor`-th of it; a picture of that very size keeps its pixels. For
    "inpaint" its transparent places are what is not known; otherwise they are painted white.
    PictureError names what does not fit the task.
    """
    height, width = spec.img_size
    scale = factor if task == "super-resolve" else 1
    if scale not in (1, *FACTORS) or height % scale or width % scale:
        raise PictureError(f"images of {width} x {height} cannot be reduced by {factor}")
    has_alpha = spec.img_channels in (2, 4)
    if task == "inpaint" and has_alpha:
        raise PictureError("this model draws transparency itself, so alpha cannot be the mask")
    size = (width // scale, height // scale)
    image = picture.image
    if image.size != size:
        image = ImageOps.fit(image, size, Image.Resampling.BICUBIC)
    known = np.ones((size[1], size[0]), np.bool_)
    if task == "inpaint":
        known = np.asarray(image.getchannel("A")) >= _OPAQUE
        if known.all():
            raise PictureError("nothing is transparent, so there is nothing to fill")
        if not known.any():
            raise PictureError("everything is transparent, so nothing is known")
    return Observation(_to_pixels(image, spec, task), known, scale)


def _check_header(image: Image.Image, max_pixels: int) -> None:
    """Refuse what is too large or moves."""
    if image.width * image.height > max_pixels:
        raise PictureError(f"at most {max_pixels} pixels, not {image.width} x {image.height}")
    if getattr(image, "is_animated", False):
        raise PictureError("a moving picture; send a still")


def _to_pixels(image: Image.Image, spec: GeneratorSpec, task: Task) -> NDArray[np.uint8]:
    """Convert RGBA to the generator's channels."""
    if task == "inpaint":  # colours at the rim of the mask are not mixed with white
        image = image.convert("RGB")
    elif spec.img_channels in (1, 3):
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    pixels = np.asarray(image.convert("RGB").convert("L") if spec.img_channels == 1 else image)
    if spec.img_channels != 1:
        pixels = np.asarray(image.convert(_MODES[spec.img_channels]))
    return pixels.reshape(*pixels.shape[:2], spec.img_channels).copy()

"""Avatars: a string to a seed, and a square picture of any size of what that seed renders."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.image_encoding import ImageFormat, Pixels, encode_image
from model.latents import MAX_SEED
from model.png import to_pillow

AVATAR_NUMBER = 1  # raise it with any change of what is drawn; a part of every avatar's ETag

Resampling = Literal["lanczos", "nearest"]
_FILTERS = {"lanczos": Image.Resampling.LANCZOS, "nearest": Image.Resampling.NEAREST}


@dataclass(frozen=True)
class AvatarStyle:
    """How an avatar is drawn: its side in pixels, and what DiceBear's options of these names do.

    `radius` is the corners' in percent of the side, 50 a circle. `background` is red, green and
    blue behind whatever is transparent; None leaves it so, or white in a JPEG.
    """

    size: int
    radius: int = 0
    is_flipped: bool = False
    background: tuple[int, int, int] | None = None
    resampling: Resampling = "lanczos"


def seed_of(text: str, key: bytes) -> int:
    """Return the seed of a string, from 0 to MAX_SEED, by BLAKE2b under a key of up to 64 bytes.

    Equal strings as Unicode sees them (NFC, UAX #15) have equal seeds.
    """
    data = unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(data, digest_size=8, key=key, person=b"ganloom-avatar")
    return int.from_bytes(digest.digest(), "big") % (MAX_SEED + 1)


def draw_avatar(pixels: Pixels, style: AvatarStyle, image_format: ImageFormat) -> bytes:
    """Draw pixels (h, w, c) as an avatar and write it as a file.

    The middle square is cut out first. Lanczos weighs colour by alpha, as Pillow does it.
    """
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    image = to_pillow(np.ascontiguousarray(pixels[top : top + side, left : left + side]))
    if side != style.size:
        image = image.resize((style.size, style.size), _FILTERS[style.resampling])
    if style.is_flipped:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if style.radius:
        image = _round_corners(image, style.radius)
    if style.background and image.mode in ("LA", "RGBA"):
        ground = Image.new("RGBA", image.size, style.background)
        image = Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")
    drawn = np.asarray(image).reshape(style.size, style.size, -1)
    return encode_image(drawn, image_format)


def _round_corners(image: Image.Image, radius_percent: int) -> Image.Image:
    """Make what is outside a rounded square transparent, its edge smooth."""
    coverage = _cover_rounded_square(image.width, image.width * radius_percent / 100)
    image = image.convert("RGBA")
    alpha = np.asarray(image.getchannel("A"), np.float64) * coverage
    image.putalpha(Image.fromarray(np.rint(alpha).astype(np.uint8)))
    return image


def _cover_rounded_square(side: int, radius: float) -> NDArray[np.float64]:
    """Return how much of each pixel is inside, (side, side), from 0 to 1.

    By the distance of the pixel's middle from the edge, which is exact but in the last bits
    of its smooth rim: sums, products and a square root.
    """
    middle = np.abs(np.arange(side) + 0.5 - side / 2)
    inset = np.maximum(middle - (side / 2 - radius), 0.0)
    distance = np.sqrt(inset[:, None] ** 2 + inset[None, :] ** 2)
    coverage: NDArray[np.float64] = np.clip(radius - distance + 0.5, 0.0, 1.0)
    return coverage

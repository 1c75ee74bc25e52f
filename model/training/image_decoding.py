"""One image file, whatever it holds, to uint8 pixels of the size and channels asked.

Crop: the largest centred piece of the target's shape; of CelebA's 178x218 images that of their
usual crop, the centred 140x140 (as in Tolstikhin et al. 2018 and Song and Ermon 2019): the whole
face, little else.

Size: larger images are filtered down with Lanczos, as StyleGAN's data-set tool does. A smaller
image on a plain ground, such as a 28x28 digit for a 32x32 net, is padded with that ground up to a
quarter, which keeps every pixel; any other small image is enlarged with Lanczos.

Colour: transparency is kept for 2 and 4 channels and laid on white for 1 and 3. 16-bit grayscale
is scaled to 8. Embedded colour profiles are not applied. Of an animation, the first frame is taken.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

DECODER_VERSION = 1
"""Part of the cache key: raise it whenever the same file gives other pixels."""

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "PPM")
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
MAX_PIXELS = 2**26
CELEBA_SIZE = (178, 218)
CELEBA_CROP = 140
PLAIN_SHARE = 0.95
MAX_PADDING_SHARE = 0.25


class UndecodableImageError(Exception):
    """A file is not an image that can be used; its text is the reason, without the name."""


@dataclass(frozen=True)
class PixelFormat:
    """What every image of a data set is made into.

    Attributes:
        img_resolution: The height, and the width too where that is not given.
        img_channels: 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.
        uses_celeba_crop: Images of 178x218 get CelebA's crop instead of the largest piece.
        img_width: The width, if it is not the height.
    """

    img_resolution: int
    img_channels: int
    uses_celeba_crop: bool = False
    # Not in the text of a square, of which the cache's key is made: old caches stay good.
    img_width: int | None = field(default=None, repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.img_resolution, self.img_width or self.img_resolution


@dataclass(frozen=True)
class DecodedImage:
    """The pixels of one image, uint8 (h, w, c), and whether it was smaller than asked."""

    pixels: npt.NDArray[np.uint8]
    was_small: bool


def decode_image(content: bytes, target: PixelFormat) -> DecodedImage:
    """Decode the bytes of an image file.

    Raises:
        UndecodableImageError: The bytes are not a usable image; nothing else is raised for any
            bytes.
    """
    if not content:
        raise UndecodableImageError("the file is empty")
    try:
        return _decode(content, target)
    except UndecodableImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UndecodableImageError(f"more than {MAX_PIXELS} pixels") from error
    except UnidentifiedImageError as error:
        raise UndecodableImageError("not an image of a known format") from error
    except MemoryError as error:
        raise UndecodableImageError("needs more memory than there is") from error
    except Exception as error:
        # Decoders raise whatever they stumble upon (OSError, SyntaxError, struct.error, ...).
        raise UndecodableImageError(f"damaged: {error}") from error


def _decode(content: bytes, target: PixelFormat) -> DecodedImage:
    height, width = target.size
    with Image.open(io.BytesIO(content), formats=FORMATS) as file:
        if file.width * file.height > MAX_PIXELS:
            raise UndecodableImageError(
                f"{file.width}x{file.height} is more than {MAX_PIXELS} pixels"
            )
        crops_celeba = target.uses_celeba_crop and file.size == CELEBA_SIZE
        if not crops_celeba:
            # JPEG can decode at 1/2, 1/4 or 1/8; twice the target leaves Lanczos its part.
            file.draft(file.mode, (2 * width, 2 * height))
        file.load()
        image = _to_8_bit(_turn_upright(file))
    image = _to_channels(image, target.img_channels)
    image = _crop(image, (CELEBA_CROP, CELEBA_CROP)) if crops_celeba else image
    image = _crop(image, _largest_piece(image.size, (width, height)))
    pixels = np.asarray(_resize(image, (width, height)))
    return DecodedImage(
        pixels.reshape(height, width, target.img_channels),
        was_small=image.width < width or image.height < height,
    )


def _largest_piece(size: tuple[int, int], shape: tuple[int, int]) -> tuple[int, int]:
    """Return the (width, height) of the largest piece of `size` that has the sides of `shape`."""
    (width, height), (across, down) = size, shape
    if width * down <= height * across:
        return width, max(1, width * down // across)
    return max(1, height * across // down), height


def _crop(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Cut out the centred piece of `size`, (width, height)."""
    left, top = (image.width - size[0]) // 2, (image.height - size[1]) // 2
    return image.crop((left, top, left + size[0], top + size[1]))


def _turn_upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        # The pixels are sound; only the note on how the camera was held is not.
        return image


def _to_8_bit(image: Image.Image) -> Image.Image:
    """Bring wide grayscale modes to ``L``; Pillow's own conversion would clip them."""
    if image.mode == "F":
        raise UndecodableImageError("floating-point pixels; save it with 8 or 16 bits a channel")
    if not image.mode.startswith("I"):
        return image
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise UndecodableImageError("32-bit pixels; save it with 8 or 16 bits a channel")
    return Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))


def _to_channels(image: Image.Image, img_channels: int) -> Image.Image:
    """Convert to 1, 2, 3 or 4 channels."""
    mode = MODES[img_channels]
    if image.mode == mode and "transparency" not in image.info:
        return image
    if not image.has_transparency_data:
        # CMYK, YCbCr and LAB have no direct way to gray.
        return (image if image.mode in ("1", "L") else image.convert("RGB")).convert(mode)
    image = image.convert("RGBA")
    if img_channels in (2, 4):
        return image.convert(mode)
    ground = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, image).convert(mode)


def _resize(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Bring an image of the right shape to (width, height)."""
    if image.size == size:
        return image
    missing = [side - has for side, has in zip(size, image.size, strict=True)]
    if all(0 <= gap <= MAX_PADDING_SHARE * side for gap, side in zip(missing, size, strict=True)):
        ground = _plain_ground(image)
        if ground is not None:
            padded = Image.new(image.mode, size, ground)
            padded.paste(image, (missing[0] // 2, missing[1] // 2))
            return padded
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _plain_ground(image: Image.Image) -> tuple[int, ...] | None:
    """Return the colour of the outermost pixels if nearly all of them share one."""
    pixels = np.asarray(image).reshape(image.height, image.width, -1)
    border = np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])
    colors, counts = np.unique(border, axis=0, return_counts=True)
    if counts.max() < PLAIN_SHARE * len(border):
        return None
    return tuple(int(channel) for channel in colors[counts.argmax()])

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from model.observation import Task
from model.picture import PictureError, observe, read_picture
from model.spec import GeneratorSpec

RGB = GeneratorSpec("dcgan", 16, 3, z_dim=4, base_channels=4)
GRAY = GeneratorSpec("dcgan", 16, 1, z_dim=4, base_channels=4)
RGBA = GeneratorSpec("dcgan", 32, 4, z_dim=4, base_channels=4, img_width=24)
LIMIT = 10_000


def encoded(image: Image.Image, name: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)


def test_a_picture_of_the_very_size_keeps_its_pixels() -> None:
    pixels = noise(16, 16)
    picture = read_picture(encoded(Image.fromarray(pixels)), LIMIT)
    observation = observe(picture, RGB, "invert")
    assert np.array_equal(observation.pixels, pixels)
    assert observation.known.all()


@pytest.mark.parametrize("spec", [RGB, GRAY, RGBA])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_fits_every_generator(spec: GeneratorSpec, mode: str) -> None:
    picture = read_picture(encoded(Image.new(mode, (40, 30))), LIMIT)
    assert observe(picture, spec, "invert").pixels.shape == spec.pixels_shape


def test_a_wide_picture_is_cut_around_its_middle() -> None:
    pixels = np.zeros((16, 48, 3), np.uint8)
    pixels[:, 16:32] = noise(16, 16)
    picture = read_picture(encoded(Image.fromarray(pixels)), LIMIT)
    assert np.array_equal(observe(picture, RGB, "invert").pixels, pixels[:, 16:32])


def test_transparent_places_are_the_mask_of_inpaint_and_white_elsewhere() -> None:
    pixels = noise(16, 16, 4)
    pixels[..., 3] = 255
    pixels[4:8, 2:9, 3] = 0
    picture = read_picture(encoded(Image.fromarray(pixels)), LIMIT)
    assert np.array_equal(observe(picture, RGB, "inpaint").known, pixels[..., 3] == 255)
    assert (observe(picture, RGB, "invert").pixels[4:8, 2:9] == 255).all()


def test_super_resolution_takes_the_small_picture() -> None:
    small = noise(8, 8)
    picture = read_picture(encoded(Image.fromarray(small)), LIMIT)
    observation = observe(picture, RGB, "super-resolve", 2)
    assert observation.factor == 2
    assert np.array_equal(observation.pixels, small)


def test_a_photograph_is_turned_as_its_exif_says() -> None:
    pixels = noise(16, 16)
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    picture = read_picture(encoded(Image.fromarray(pixels), exif=exif), LIMIT)
    assert np.array_equal(observe(picture, RGB, "invert").pixels, pixels[::-1, ::-1])


@pytest.mark.parametrize(
    ("spec", "task", "alpha", "reason"),
    [
        (RGB, "inpaint", 255, "nothing is transparent"),
        (RGB, "inpaint", 0, "everything is transparent"),
        (RGBA, "inpaint", 0, "draws transparency itself"),
    ],
)
def test_a_mask_that_cannot_be_used_is_refused(
    spec: GeneratorSpec, task: Task, alpha: int, reason: str
) -> None:
    picture = read_picture(encoded(Image.new("RGBA", (16, 16), (1, 2, 3, alpha))), LIMIT)
    with pytest.raises(PictureError, match=reason):
        observe(picture, spec, task)


def test_a_factor_that_does_not_divide_the_size_is_refused() -> None:
    picture = read_picture(encoded(Image.new("RGB", (8, 8))), LIMIT)
    odd = GeneratorSpec("dcgan", 28, 3, z_dim=4, base_channels=4)
    with pytest.raises(PictureError, match="cannot be reduced by 8"):
        observe(picture, odd, "super-resolve", 8)


def bomb() -> bytes:
    """Write the header of 60,000 x 60,000 pixels, and none of them."""
    body = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body
    return head + struct.pack(">I", zlib.crc32(body)) + encoded(Image.new("RGB", (1, 1)))[33:]


def animated(name: str) -> bytes:
    frames = [Image.fromarray(noise(8, 8)), Image.new("RGB", (8, 8))]
    return encoded(frames[0], name, save_all=True, append_images=frames[1:])


REFUSED = {
    "empty": b"",
    "text": b"hello, world" * 100,
    "bomb": bomb(),
    "too large": encoded(Image.new("RGB", (101, 100))),
    "truncated png": encoded(Image.fromarray(noise(32, 32)))[:-200],
    "truncated jpeg": encoded(Image.fromarray(noise(32, 32)), "JPEG")[:-200],
    "truncated webp": encoded(Image.fromarray(noise(32, 32)), "WEBP")[:-200],
    "gif": encoded(Image.fromarray(noise(8, 8)), "GIF"),
    "tiff": encoded(Image.fromarray(noise(8, 8)), "TIFF"),
    "moving png": animated("PNG"),
    "moving webp": animated("WEBP"),
    "only a signature": b"\x89PNG\r\n\x1a\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_whole_still_within_the_limits_is_refused(name: str) -> None:
    with pytest.raises(PictureError):
        read_picture(REFUSED[name], LIMIT)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP"])
def test_a_damaged_file_is_read_or_refused_and_nothing_else(name: str) -> None:
    whole = encoded(Image.fromarray(noise(24, 24)), name)
    stream = np.random.default_rng(3)
    for _ in range(150):
        data = bytearray(whole)
        for at in stream.integers(0, len(data), 6):
            data[at] = stream.integers(0, 256)
        try:
            observe(read_picture(bytes(data), LIMIT), RGB, "invert")
        except PictureError:
            continue

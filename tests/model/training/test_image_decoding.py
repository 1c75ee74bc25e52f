"""Claims on turning one image file into pixels."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from model.training.image_decoding import (
    PixelFormat,
    UndecodableImageError,
    decode_image,
)

RED, BLUE = (200, 30, 40), (20, 40, 220)


def encode(image: Image.Image, image_format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=image_format, **options)
    return buffer.getvalue()


def decode(content: bytes, size: int = 8, channels: int = 3, celeba: bool = False) -> np.ndarray:
    return decode_image(content, PixelFormat(size, channels, celeba)).pixels


def noise(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png_claiming(width: int, height: int) -> bytes:
    """A tiny file whose header claims any size."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = png_chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + header + body + png_chunk(b"IEND", b"")


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_every_mode_becomes_every_channel_count(mode: str, channels: int) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.full((8, 8), 0xC0C0, dtype=np.uint16))
    else:
        image = Image.new("RGB", (8, 8), (0xC0, 0xC0, 0xC0))
        image = image.convert(mode, palette=Image.Palette.ADAPTIVE)
    image_format = {"CMYK": "TIFF", "YCbCr": "TIFF"}.get(mode, "PNG")
    pixels = decode(encode(image, image_format), channels=channels)
    assert pixels.shape == (8, 8, channels)
    assert pixels.dtype == np.uint8
    if mode != "1":
        assert np.abs(pixels[..., 0].astype(int) - 0xC0).max() <= 2
    if channels in (2, 4):
        assert (pixels[..., -1] == 255).all()


@pytest.mark.parametrize(
    "image_format", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "MPO"]
)
def test_every_format_is_read_whatever_the_file_is_called(image_format: str) -> None:
    pixels = decode(encode(Image.new("RGB", (16, 16), RED), image_format))
    assert np.abs(pixels.reshape(-1, 3).astype(int) - RED).max() <= 12


def test_pixels_of_the_right_size_are_passed_through_untouched() -> None:
    image = noise(8, 8)
    assert np.array_equal(decode(encode(image)), np.asarray(image))


def test_16_bit_gray_is_scaled_and_not_clipped() -> None:
    values = np.array([[0, 257, 32896, 65535]] * 4, dtype=np.uint16)
    pixels = decode(encode(Image.fromarray(values)), size=4, channels=1)
    assert pixels[0, :, 0].tolist() == [0, 1, 128, 255]


def test_transparency_is_kept_for_two_and_four_channels() -> None:
    image = Image.new("RGBA", (8, 8), (*RED, 128))
    assert decode(encode(image), channels=4)[0, 0].tolist() == [*RED, 128]
    assert decode(encode(image), channels=2)[0, 0, 1] == 128


def test_transparency_is_laid_on_white_for_one_and_three_channels() -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert (decode(encode(image), channels=3) == 255).all()
    assert (decode(encode(image), channels=1) == 255).all()


def test_a_transparent_palette_entry_is_transparent() -> None:
    image = Image.new("P", (8, 8), 0)
    image.putpalette([0, 0, 0, *RED])
    assert (decode(encode(image, transparency=0), channels=4)[..., 3] == 0).all()


def test_a_photo_is_turned_as_its_camera_was_held() -> None:
    image = Image.new("RGB", (16, 16), RED)
    image.paste(BLUE, (0, 0, 16, 8))
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the scene is on the right
    pixels = decode(encode(image, "JPEG", exif=exif, quality=95), size=16)
    assert pixels[8, 14, 2] > 150
    assert pixels[8, 1, 0] > 150


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # as the cache does
def test_broken_exif_does_not_cost_the_image() -> None:
    content = encode(Image.new("RGB", (16, 16), RED), "JPEG", exif=b"Exif\0\0MM\0*\0\0\xff\xff\1\2")
    assert decode_image(content, PixelFormat(8, 3)).pixels.shape == (8, 8, 3)


def test_only_the_centred_square_is_kept() -> None:
    image = Image.new("RGB", (40, 16), RED)
    image.paste(BLUE, (12, 0, 28, 16))
    pixels = decode(encode(image), size=16)
    assert (pixels == BLUE).all()


def test_a_large_jpeg_is_cropped_at_the_same_place_as_its_png() -> None:
    image = Image.new("RGB", (1200, 500), RED)
    image.paste(BLUE, (350, 0, 600, 500))
    jpeg, png = decode(encode(image, "JPEG", quality=95)), decode(encode(image))
    assert np.abs(jpeg.astype(int) - png).max() < 24


def test_celeba_images_get_celebas_crop_and_others_do_not() -> None:
    image = Image.new("RGB", (178, 218), RED)
    image.paste(BLUE, (19, 39, 159, 179))
    assert (decode(encode(image), celeba=True) == BLUE).all()
    assert not (decode(encode(image), celeba=False) == BLUE).all()
    jpeg = decode(encode(image, "JPEG", quality=95), celeba=True)
    assert np.abs(jpeg[1:-1, 1:-1].astype(int) - BLUE).max() < 16


def test_a_downscaled_image_keeps_its_mean() -> None:
    image = noise(64, 64)
    pixels = decode(encode(image), size=8)
    assert pixels.mean() == pytest.approx(np.asarray(image).mean(), abs=2)


def test_a_small_image_on_a_plain_ground_is_padded_with_it() -> None:
    image = Image.new("RGB", (28, 28), (7, 8, 9))
    image.paste(RED, (10, 10, 18, 18))
    decoded = decode_image(encode(image), PixelFormat(32, 3))
    assert decoded.was_small
    assert np.array_equal(decoded.pixels[2:-2, 2:-2], np.asarray(image))
    assert (decoded.pixels[:2] == (7, 8, 9)).all()


@pytest.mark.parametrize("side", [1, 5, 28])
def test_any_other_small_image_is_enlarged(side: int) -> None:
    decoded = decode_image(encode(noise(side, side)), PixelFormat(32, 3))
    assert decoded.was_small
    assert decoded.pixels.shape == (32, 32, 3)


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (8, 8), RED), Image.new("RGB", (8, 8), BLUE)]
    content = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(content)[0, 0, 0] > 150


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"It was a dark and stormy night.", "not an image"),
        (b"\x89PNG\r\n\x1a\n", "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image"),
        (encode(noise(64, 64))[:3000], "damaged"),
        (encode(noise(64, 64), "JPEG")[:1500], "damaged"),
        (png_claiming(9000, 9000), "9000x9000 is more than"),
        (png_claiming(100_000, 100_000), "more than 67108864 pixels"),
        (png_claiming(2**31 - 1, 2**31 - 1), "more than 67108864 pixels"),
        (png_claiming(0, 0), "not an image|damaged"),
        (encode(Image.new("F", (8, 8), 0.5), "TIFF"), "floating-point"),
        (encode(Image.new("I", (8, 8), 1 << 20), "TIFF"), "32-bit"),
    ],
)
def test_a_useless_file_is_refused_with_its_reason(content: bytes, reason: str) -> None:
    with pytest.raises(UndecodableImageError, match=reason):
        decode(content)


def test_no_bytes_raise_anything_else() -> None:
    rng = np.random.default_rng(1)
    seeds = [
        encode(noise(24, 24), image_format)
        for image_format in ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
    ]
    for _ in range(400):
        content = bytearray(seeds[rng.integers(len(seeds))])
        for position in rng.integers(0, min(len(content), 200), 4):
            content[position] = rng.integers(256)
        try:
            pixels = decode(bytes(content[: rng.integers(1, len(content) + 1)]))
        except UndecodableImageError:
            continue
        assert pixels.shape == (8, 8, 3)


def oblong(height: int, width: int, celeba: bool = False) -> PixelFormat:
    return PixelFormat(height, 3, celeba, img_width=width)


@pytest.mark.parametrize(
    ("size", "target", "box"),
    [
        # (width, height) of the image, (height, width) asked for, the piece that is kept
        ((90, 60), (64, 48), (22, 0, 67, 60)),
        ((60, 90), (64, 48), (0, 5, 60, 85)),
        ((96, 64), (48, 64), (5, 0, 90, 64)),
        ((50, 400), (16, 20), (0, 180, 50, 220)),
    ],
)
def test_the_largest_centred_piece_of_the_targets_shape_is_kept(
    size: tuple[int, int], target: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    image = noise(*size)
    pixels = decode_image(encode(image), oblong(*target)).pixels
    assert pixels.shape == (*target, 3)
    piece = image.crop(box).resize(target[::-1], Image.Resampling.LANCZOS, reducing_gap=3.0)
    assert np.array_equal(pixels, np.asarray(piece))


def test_an_oblong_image_of_the_right_size_is_kept_pixel_by_pixel() -> None:
    image = noise(48, 64)
    decoded = decode_image(encode(image), oblong(64, 48))
    assert np.array_equal(decoded.pixels, np.asarray(image))
    assert not decoded.was_small


def test_a_small_oblong_image_on_a_plain_ground_is_padded_on_all_sides() -> None:
    image = Image.new("RGB", (18, 26), RED)
    image.putpixel((9, 13), BLUE)
    decoded = decode_image(encode(image), oblong(32, 24))
    assert decoded.was_small
    # 24 x 18 of 26 x 18 have the shape of 32 x 24: one row is cut off on either side.
    assert decoded.pixels.shape == (32, 24, 3)
    assert tuple(decoded.pixels[12 + 4, 9 + 3]) == BLUE
    assert (decoded.pixels == RED).all(axis=2).sum() == 32 * 24 - 1


def test_an_oblong_celeba_image_is_the_middle_of_the_usual_crop() -> None:
    image = noise(178, 218)
    pixels = decode_image(encode(image), oblong(64, 48, celeba=True)).pixels
    face = image.crop((19, 39, 159, 179)).crop((17, 0, 122, 140))
    expected = face.resize((48, 64), Image.Resampling.LANCZOS, reducing_gap=3.0)
    assert np.array_equal(pixels, np.asarray(expected))


def test_the_name_of_a_square_format_is_what_old_caches_were_made_with() -> None:
    text = "PixelFormat(img_resolution=64, img_channels=3, uses_celeba_crop=False)"
    assert repr(PixelFormat(64, 3)) == text

from __future__ import annotations

import base64
import email
import email.policy
import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from app.image_encoding import (
    ImageFormat,
    Pixels,
    encode_image,
    encoder_version,
    pack_json,
    pack_multipart,
    pack_zip,
)

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def noise(*shape: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def decode(data: bytes, mode: str) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)).convert(mode))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_gives_back_the_very_pixels(channels: int) -> None:
    pixels = noise(16, 24, channels)
    image = Image.open(io.BytesIO(encode_image(pixels, ImageFormat.PNG)))
    assert (image.format, image.mode, image.size) == ("PNG", MODES[channels], (24, 16))
    assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_webp_gives_back_the_very_pixels_even_below_alpha_zero(channels: int) -> None:
    pixels = noise(16, 24, channels)
    if channels in (2, 4):
        pixels[:8, :, -1] = 0
    mode = "RGBA" if channels in (2, 4) else "RGB"
    expected = decode(encode_image(pixels, ImageFormat.PNG), mode)
    assert np.array_equal(decode(encode_image(pixels, ImageFormat.WEBP), mode), expected)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_jpeg_is_near_and_painted_on_white(channels: int) -> None:
    pixels = np.full((16, 16, channels), 90, np.uint8)
    if channels in (2, 4):
        pixels[..., -1] = 0
    decoded = decode(encode_image(pixels, ImageFormat.JPEG), "RGB").astype(int)
    assert abs(decoded - (255 if channels in (2, 4) else 90)).max() <= 2


@pytest.mark.parametrize("image_format", list(ImageFormat))
def test_equal_pixels_give_equal_bytes(image_format: ImageFormat) -> None:
    assert len({encode_image(noise(16, 16, 3), image_format) for _ in range(3)}) == 1


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("_ENCODER_NUMBER", 0),
        ("encode_png", lambda pixels: pixels.tobytes()),
        ("_JPEG_QUALITY", 91),
        ("_WEBP_EFFORT", 0),
        ("PIL.__version__", "0"),
        ("deflate.__version__", "0"),
    ],
)
def test_whatever_changes_the_bytes_changes_the_encoder_version(
    monkeypatch: pytest.MonkeyPatch, name: str, other: object
) -> None:
    version = encoder_version()
    assert encoder_version.__wrapped__() == version
    monkeypatch.setattr(f"app.image_encoding.{name}", other)
    assert encoder_version.__wrapped__() != version


def test_zip_holds_every_file_and_no_date_of_today() -> None:
    packed = pack_zip(["a.png", "b.png"], [b"one", b"two"])
    assert packed == pack_zip(["a.png", "b.png"], [b"one", b"two"])
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert [(entry.filename, entry.date_time[0]) for entry in archive.infolist()] == [
            ("a.png", 1980),
            ("b.png", 1980),
        ]
        assert archive.read("b.png") == b"two"


def test_multipart_is_read_by_a_mime_parser() -> None:
    body, media_type = pack_multipart(["a.png", "b.png"], [b"\r\n--\x00", b"two"], "image/png")
    head = f"Content-Type: {media_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    assert [
        (part.get_content_type(), part.get_filename(), part.get_payload(decode=True))
        for part in message.iter_parts()
    ] == [("image/png", "a.png", b"\r\n--\x00"), ("image/png", "b.png", b"two")]


def test_json_carries_rows_and_files() -> None:
    document = json.loads(pack_json({"model": "m"}, [{"seed": 1}], [b"file"]))
    assert document["model"] == "m"
    assert document["images"][0]["seed"] == 1
    assert base64.b64decode(document["images"][0]["data"]) == b"file"

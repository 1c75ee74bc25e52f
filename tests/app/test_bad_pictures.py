"""What avatars and uploads must not hold: a 4xx that names the field."""

from __future__ import annotations

import io
import struct
import zlib

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.app.test_bad_input import CACHEABLE, assert_names, each

pytestmark = pytest.mark.anyio

AVATAR = CACHEABLE | {
    "size": ["", "0", "15", "513", "64.5", "x", "-64", "9" * 5000],
    "radius": ["", "-1", "51", "1.5", "x"],
    "flip": ["", "2", "left"],
    "backgroundColor": ["", "fff", "b6e3f", "b6e3f4ff", "red", "gggggg", "%23%23b6e3f4"],
    "filter": ["", "bicubic", "LANCZOS"],
    "background_color": ["b6e3f4"],
    "rotate": ["90"],
}
PROVENANCE = ["", "2", "maybe", "null"]
VERIFY: dict[str, list[str]] = {
    "model": CACHEABLE["model"],
    "digest": CACHEABLE["digest"],
    "label": ["0", "cat", "x" * 200],
    "truncation": CACHEABLE["truncation"],
    "seed": ["", "x", "-1", str(2**53), "1.5", "nan"],
    "sead": ["1"],
}


def png(mode: str = "RGB", size: tuple[int, int] = (16, 16)) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, "PNG")
    return buffer.getvalue()


def stating(width: int, height: int) -> bytes:
    """Return a PNG that states another size than it has."""
    head = b"IHDR" + struct.pack(">II", width, height) + b"\x08\x02\x00\x00\x00"
    file = png()
    return file[:12] + head + struct.pack(">I", zlib.crc32(head)) + file[33:]


def save(image_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, image_format, **options)
    return buffer.getvalue()


def moving(image_format: str) -> bytes:
    frames = [Image.new("RGB", (16, 16), (level, 0, 0)) for level in (0, 90)]
    buffer = io.BytesIO()
    frames[0].save(buffer, image_format, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def text_bomb() -> bytes:
    """Return a PNG whose text is small as it is sent and large as it is read."""
    data = b"zTXt" + b"ganloom\x00\x00" + zlib.compress(b"x" * 100_000_000)
    file = png()
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    return file[:33] + chunk + file[33:]


UPLOADS = {
    "nothing": b"",
    "text": b"hello",
    "gif": save("GIF"),
    "bmp": save("BMP"),
    "tiff": save("TIFF"),
    "signature alone": png()[:8],
    "half a png": save("PNG")[:300],
    "half a jpeg": save("JPEG")[:200],
    "half a webp": save("WEBP", lossless=True)[:300],
    "too large": stating(5000, 5000),
    "bomb": stating(2**31 - 1, 2**31 - 1),
    "no pixels": stating(0, 5),
    "moving png": moving("PNG"),
    "moving webp": moving("WEBP"),
    "text bomb": text_bomb(),
    "noise": np.random.default_rng(0).bytes(5000),
}


@pytest.mark.parametrize("upload", UPLOADS.values(), ids=UPLOADS.keys())
async def test_an_upload_that_is_no_still_picture_is_named(
    client: httpx.AsyncClient, upload: bytes
) -> None:
    assert_names(await client.post("/verify?seed=1", content=upload), "body", 422)


async def test_an_upload_of_too_many_bytes_is_a_413(client: httpx.AsyncClient) -> None:
    assert_names(await client.post("/verify", content=b"\0" * (2**23 + 1)), "body", 413)


async def test_no_flipped_byte_makes_a_500(client: httpx.AsyncClient) -> None:
    generator = np.random.default_rng(1)
    for extension in ("png", "jpg", "webp"):
        answer = await client.get(f"/images/1.{extension}?provenance=true")
        for at in generator.integers(0, len(answer.content), 60).tolist():
            file = bytearray(answer.content)
            file[at] ^= int(generator.integers(1, 256))
            verdict = await client.post("/verify", content=bytes(file))
            assert verdict.status_code in (200, 422), verdict.text


@pytest.mark.parametrize(("field", "text"), each(AVATAR))
async def test_an_avatar_names_the_field(client: httpx.AsyncClient, field: str, text: str) -> None:
    assert_names(await client.get(f"/avatar/someone.png?{field}={text}"), field)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/avatar/.png", "text"),
        (f"/avatar/{'x' * 257}.png", "text"),
        ("/avatar/someone.gif", "extension"),
        ("/avatar/someone.svg", "extension"),
        ("/avatar.png", "seed"),
        ("/avatar.png?seed=", "seed"),
        (f"/avatar.png?seed={'x' * 257}", "seed"),
        ("/avatar/someone.png?seed=x", "seed"),
    ],
)
async def test_an_avatar_names_a_wrong_string(
    client: httpx.AsyncClient, path: str, field: str
) -> None:
    assert_names(await client.get(path), field)


@pytest.mark.parametrize(("field", "text"), each(VERIFY))
async def test_verify_names_the_field(client: httpx.AsyncClient, field: str, text: str) -> None:
    query = {"seed": "1", field: text}
    address = "&".join(f"{name}={value}" for name, value in query.items())
    assert_names(await client.post(f"/verify?{address}", content=png()), field)


@pytest.mark.parametrize("query", ["label=1", "truncation=0.5"])
async def test_a_label_without_a_seed_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert_names(await client.post(f"/verify?{query}", content=png()), "seed", 422)


@pytest.mark.parametrize("path", ["/images/1.png?", "/interpolate?start=1&end=2&"])
@pytest.mark.parametrize("value", PROVENANCE)
async def test_provenance_is_yes_or_no(client: httpx.AsyncClient, path: str, value: str) -> None:
    assert_names(await client.get(f"{path}provenance={value}"), "provenance", 422)

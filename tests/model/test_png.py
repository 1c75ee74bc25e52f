"""Claims on PNG files: every decoder gives the very pixels back, the strictest one included."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from model.png import END_CHUNK, HEAD_BYTES, encode_png, read_image_data, write_chunk

Pixels = NDArray[np.uint8]

SIZES = [(1, 1), (1, 7), (7, 1), (5, 3), (64, 64), (33, 100)]


def noise(*shape: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def split_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Read a PNG by the specification alone (5.2, 5.3), refusing what is wrong."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = [], 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
        assert checksum == zlib.crc32(name + body)
        chunks.append((name, body))
        at += 12 + length
    assert at == len(data)
    return chunks


def unfilter(rows: Pixels) -> Pixels:
    """Undo filters None, Sub and Up of one-byte samples (9.2), a row at a time."""
    above = np.zeros(rows.shape[1] - 1, np.uint8)
    samples = []
    for kind, row in zip(rows[:, 0], rows[:, 1:], strict=True):
        assert kind in (0, 2)
        above = row if kind == 0 else row + above
        samples.append(above)
    return np.stack(samples)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_a_png_gives_back_the_very_pixels(size: tuple[int, int], channels: int, mode: str) -> None:
    pixels = noise(*size, channels)
    image = Image.open(io.BytesIO(encode_png(pixels)))
    assert (image.format, image.mode, image.size) == ("PNG", mode, size[::-1])
    assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_value_after_every_value_comes_back(channels: int) -> None:
    values = np.arange(256, dtype=np.uint8)
    pixels = np.stack([values + step for step in range(256)])[..., None].repeat(channels, axis=2)
    image = Image.open(io.BytesIO(encode_png(pixels)))
    assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_view_is_written_as_its_copy_is(channels: int) -> None:
    image = noise(10, 14, channels)
    for view in (image[::2, 1:], image[::-1], image[:, ::-1], image.transpose(1, 0, 2)):
        assert encode_png(view) == encode_png(np.ascontiguousarray(view))


def test_the_pixels_are_left_alone_and_may_be_read_only() -> None:
    pixels = noise(8, 8, 3)
    pixels.flags.writeable = False
    before = pixels.copy()
    encode_png(pixels)
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize(("channels", "colour_type"), [(1, 0), (2, 4), (3, 2), (4, 6)])
def test_the_chunks_are_those_of_the_specification(channels: int, colour_type: int) -> None:
    pixels = noise(9, 13, channels)
    (ihdr, header), (idat, stream), iend = split_chunks(encode_png(pixels))
    assert (ihdr, idat, iend) == (b"IHDR", b"IDAT", (b"IEND", b""))
    assert struct.unpack(">IIBBBBB", header) == (13, 9, 8, colour_type, 0, 0, 0)
    decompressor = zlib.decompressobj()
    rows = np.frombuffer(decompressor.decompress(stream), np.uint8).reshape(9, 1 + 13 * channels)
    assert decompressor.eof
    assert not decompressor.unused_data
    assert np.array_equal(unfilter(rows).reshape(pixels.shape), pixels)


@pytest.mark.parametrize("side", [1, 16, 200])
def test_the_zlib_header_promises_no_smaller_window_than_is_used(side: int) -> None:
    # 120 kB at the largest, with repeats at every distance.
    pixels = noise(side, 8, 3).repeat(25, axis=1)
    stream = split_chunks(encode_png(pixels))[1][1]
    method, window = stream[0] & 15, (stream[0] >> 4) + 8
    assert method == 8
    assert window <= 15
    assert int.from_bytes(stream[:2], "big") % 31 == 0
    assert not stream[1] & 32  # no preset dictionary (10.1)
    # zlib refuses a distance beyond the window that the header names.
    assert len(zlib.decompress(stream, wbits=0)) == side * (1 + 200 * 3)


def test_a_stream_too_long_for_one_chunk_goes_on_in_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("model.png._MAX_CHUNK_BYTES", 1000)
    pixels = noise(30, 30, 3)
    data = encode_png(pixels)
    lengths = [len(body) for name, body in split_chunks(data) if name == b"IDAT"]
    assert len(lengths) > 1
    assert set(lengths[:-1]) == {1000}
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), pixels)


@pytest.mark.skipif(shutil.which("pngcheck") is None, reason="the program pngcheck is not here")
@pytest.mark.parametrize("size", [*SIZES, (500, 600)])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pngcheck_finds_nothing(tmp_path: Path, size: tuple[int, int], channels: int) -> None:
    pixels = noise(*size, channels)
    pixels[: size[0] // 2] = 7
    (tmp_path / "image.png").write_bytes(encode_png(pixels))
    found = subprocess.run(
        ["pngcheck", "-v", "image.png"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout
    assert "No errors detected in image.png (3 chunks" in found.stdout


def test_equal_pixels_give_equal_bytes_on_every_thread() -> None:
    pixels = noise(64, 64, 3) // 32
    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(encode_png, [pixels] * 200))) == 1


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((3, 3), np.uint8),
        np.zeros((1, 3, 3, 3), np.uint8),
        np.zeros((3, 3, 0), np.uint8),
        np.zeros((3, 3, 5), np.uint8),
        np.zeros((0, 3, 3), np.uint8),
        np.zeros((3, 0, 3), np.uint8),
        np.zeros((3, 3, 3), np.uint16),
        np.zeros((3, 3, 3), np.int8),
        np.zeros((3, 3, 3), np.float32),
    ],
    ids=lambda pixels: f"{pixels.dtype}{list(pixels.shape)}",
)
def test_what_is_no_image_is_refused(pixels: Pixels) -> None:
    with pytest.raises(ValueError, match="PNG"):
        encode_png(pixels)


def test_the_data_and_the_chunks_of_a_file_are_told_apart() -> None:
    file = encode_png(noise(33, 100, 3))
    chunks = split_chunks(file)
    assert file[:HEAD_BYTES] == file[: file.index(b"IDAT") - 4]
    assert read_image_data(file) == b"".join(data for name, data in chunks if name == b"IDAT")
    text = write_chunk(b"tEXt", b"a\x00b")
    more = file[:HEAD_BYTES] + text + file[HEAD_BYTES:]
    assert split_chunks(more) == [chunks[0], (b"tEXt", b"a\x00b"), *chunks[1:]]
    assert read_image_data(more) == read_image_data(file)
    assert file.endswith(END_CHUNK)


def test_the_thread_that_writes_a_png_leaves_no_trace_in_it() -> None:
    """Each thread has a stack elsewhere, which one compressor took for data.

    Every filtered row has the samples of the first, so that all matches begin in it.
    """
    first_rows = np.random.default_rng(0).integers(0, 256, (96, 1, 24, 1))
    images = (first_rows * np.arange(1, 17)[:, None, None]).astype(np.uint8)
    everybody = threading.Barrier(64)

    def encode(_: int) -> list[bytes]:
        everybody.wait()  # or one thread would do the work of many
        return [encode_png(image) for image in images]

    with ThreadPoolExecutor(everybody.parties) as pool:
        files = list(pool.map(encode, range(everybody.parties)))
    assert all(other == files[0] for other in files)

"""Pixels to PNG: one encoder for the service and the command line, so that files are equal."""

from __future__ import annotations

import struct

import deflate
import numpy as np
from numpy.typing import NDArray
from PIL import Image

# libdeflate's matches depend on nothing but the data, on any thread and any processor. ISA-L takes
# two thirds of its time but hashes an address of the stack where it means the third byte (register
# rcx in `write_first_byte` of igzip_icf_body_h1_gr_bt.asm, 2.31): one file of some thousands was
# another. Level 2 takes half as long again and writes 1 % more.
_LEVEL = 1

# One filter for every row. Mean bytes of 64 faces of 64 x 64: None 8991, Sub 7773, Up 7655,
# Average 7584, Paeth 7434. Up beats Sub in time too, 3.4 us to 5.0; the last two need sums
# that leave a byte, too much for 3 %. Digits are best left unfiltered, but the 80 bytes that
# each loses are not worth a choice.
_UP = 2

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_MAX_CHUNK_BYTES = 2**31 - 1

HEAD_BYTES = 33  # signature and IHDR, which always comes first


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Write pixels uint8 (h, w, c), c from 1 to 4, as a PNG that gives back those very pixels.

    After the PNG specification (W3C, third edition): signature (5.2), then chunks (5.3) IHDR,
    8 bits a sample and not interlaced, IDAT, and IEND (11.2), the rows filtered (9.2) and
    compressed as one zlib stream (10.1). What takes time runs without the GIL.
    ValueError if the pixels are of another type or shape, or there are none.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in _COLOUR_TYPES:
        raise ValueError(
            f"a PNG is written of uint8 (h, w, 1 to 4), not {pixels.dtype} {pixels.shape}"
        )
    if not pixels.size:
        raise ValueError(f"a PNG cannot be empty, as {pixels.shape} is")
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    stream = deflate.zlib_compress(_filter_rows(pixels), _LEVEL)
    parts = [_SIGNATURE, *_chunk(b"IHDR", header)]
    for start in range(0, len(stream), _MAX_CHUNK_BYTES):
        parts += _chunk(b"IDAT", stream[start : start + _MAX_CHUNK_BYTES])
    return b"".join([*parts, END_CHUNK])


def write_chunk(name: bytes, data: bytes) -> bytes:
    """Write one chunk (5.3)."""
    return b"".join(_chunk(name, data))


def read_image_data(file: bytes) -> bytes:
    """Return the compressed rows of a PNG that this module wrote: its IDAT, joined."""
    parts = []
    at = HEAD_BYTES
    while at < len(file):
        length = int.from_bytes(file[at : at + 4], "big")
        if file[at + 4 : at + 8] == b"IDAT":
            parts.append(file[at + 8 : at + 8 + length])
        at += 12 + length
    return b"".join(parts)


def to_pillow(pixels: NDArray[np.uint8]) -> Image.Image:
    """Wrap pixels uint8 (h, w, c) as a Pillow image: gray, gray and alpha, RGB or RGBA."""
    height, width, channels = pixels.shape
    return Image.frombytes(_MODES[channels], (width, height), pixels.tobytes())


def _filter_rows(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put the filter's type before each row and take the row above from it, modulo 256 (9.2)."""
    height, width, channels = pixels.shape
    samples = pixels.reshape(height, width * channels)
    rows = np.empty((height, 1 + width * channels), np.uint8)
    rows[:, 0] = _UP
    rows[0, 1:] = samples[0]
    np.subtract(samples[1:], samples[:-1], out=rows[1:, 1:])
    return rows


def _chunk(name: bytes, data: bytes | bytearray) -> tuple[bytes, bytes, bytes | bytearray, bytes]:
    """Return length, name, data and checksum."""
    # libdeflate's CRC-32 takes a tenth of zlib's time.
    checksum = deflate.crc32(data, deflate.crc32(name))
    return struct.pack(">I", len(data)), name, data, struct.pack(">I", checksum)


END_CHUNK = write_chunk(b"IEND", b"")

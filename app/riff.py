"""RIFF, the container of WebP (RFC 9649, section 2.3): chunks of a name, a length and data."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

RIFF_HEAD_BYTES = 12  # before the first chunk


def read_riff_chunks(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk through the (name, data) of a WebP file that this service wrote."""
    at = RIFF_HEAD_BYTES
    while at + 8 <= len(file):
        length = int.from_bytes(file[at + 4 : at + 8], "little")
        yield file[at : at + 4], file[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def write_riff_chunk(name: bytes, data: bytes) -> bytes:
    """Write one chunk, filled up to an even length."""
    return name + struct.pack("<I", len(data)) + data + b"\x00" * (len(data) % 2)


def write_riff(chunks: Sequence[bytes]) -> bytes:
    """Write a WebP file of whole chunks."""
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body

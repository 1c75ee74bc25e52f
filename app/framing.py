"""Messages between two processes: their length, then their bytes; never pickles."""

from __future__ import annotations

import struct
from typing import BinaryIO

LENGTH = struct.Struct("<I")


def frame(message: bytes) -> bytes:
    """Put the length before a message."""
    return LENGTH.pack(len(message)) + message


def read_frame(file: BinaryIO) -> bytes:
    """Read one message from a buffered file; EOFError if the other end is gone."""
    length = LENGTH.unpack(_read_exactly(file, LENGTH.size))[0]
    return _read_exactly(file, length)


def _read_exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise EOFError
    return data

"""`WebpWriter`: an animated WebP made of stills that are WebP files already."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction

from app.films.timing import FilmTiming
from app.riff import read_riff_chunks, write_riff, write_riff_chunk

_UNIT_S = Fraction(1, 1000)
_IS_ANIMATED, _HAS_ALPHA = 0x02, 0x10
_NO_BLENDING = 0x02


class WebpWriter:
    """Wraps the bitstream of each still, so that frame k is the very still.

    A WebP begins with its length, so nothing can be sent before all frames are there: `write`
    returns nothing, `close` the file. After the WebP container specification (RFC 9649, 2.7).
    """

    def __init__(self, size: tuple[int, int], timing: FilmTiming) -> None:
        """Take height and width of every frame."""
        self._height, self._width = size
        self._timing = timing
        self._has_alpha = False
        self._frames: list[bytes] = []

    def write(self, stills: Sequence[bytes]) -> bytes:
        """Keep the next frames, given as WebP files; returns nothing yet."""
        for still in stills:
            self._frames.append(self._wrap(still))
        return b""

    def close(self) -> bytes:
        """Return the whole file."""
        flags = _IS_ANIMATED | (_HAS_ALPHA if self._has_alpha else 0)
        canvas = _write_uint24(self._width - 1) + _write_uint24(self._height - 1)
        head = [
            write_riff_chunk(b"VP8X", struct.pack("<I", flags) + canvas),
            write_riff_chunk(b"ANIM", b"\xff\xff\xff\xff" + struct.pack("<H", self._timing.plays)),
        ]
        return write_riff([*head, *self._frames])

    def _wrap(self, still: bytes) -> bytes:
        chunks = [
            (name, data)
            for name, data in read_riff_chunks(still)
            if name in (b"ALPH", b"VP8 ", b"VP8L")
        ]
        # The alpha bit of a lossless bitstream follows 8 bits of signature and 28 of size.
        name, data = chunks[0]
        self._has_alpha |= name == b"VP8L" and bool(data[4] & 0x10)
        duration = self._timing.units_of(len(self._frames), _UNIT_S)
        sides = (0, 0, self._width - 1, self._height - 1, duration)
        frame = b"".join(_write_uint24(number) for number in sides) + bytes((_NO_BLENDING,))
        parts = [write_riff_chunk(name, data) for name, data in chunks]
        return write_riff_chunk(b"ANMF", frame + b"".join(parts))


def _write_uint24(number: int) -> bytes:
    return number.to_bytes(3, "little")

"""`ApngWriter`: an animated PNG made of stills that are PNG files already."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from app.films.timing import FilmTiming
from model.png import END_CHUNK, HEAD_BYTES, read_image_data, write_chunk

# Whole frames that replace what was there: blending would lose the colour below alpha.
_DISPOSE_NONE, _BLEND_SOURCE = 0, 0


class ApngWriter:
    """Wraps the compressed rows of each still, so that frame k is the very still.

    After the PNG specification (W3C, third edition): acTL (11.3.6.1), then for each frame fcTL
    (11.3.6.2) and its data, IDAT for the first frame and fdAT (11.3.6.3) for the others.
    """

    def __init__(self, count: int, timing: FilmTiming) -> None:
        """Take the frames that will come, which the file says before the first of them."""
        self._count = count
        self._timing = timing
        self._frames = 0
        self._sequence = 0

    def write(self, stills: Sequence[bytes]) -> bytes:
        """Return the bytes of the next frames, given as PNG files of one size and mode."""
        return b"".join(self._write_frame(still) for still in stills)

    def close(self) -> bytes:
        """Return the end of the file."""
        return END_CHUNK

    def _write_frame(self, still: bytes) -> bytes:
        head = b""
        if not self._frames:
            control = struct.pack(">II", self._count, self._timing.plays)
            head = still[:HEAD_BYTES] + write_chunk(b"acTL", control)
        # Width and height stand where the still has them.
        frame_s = self._timing.frame_s
        control = (
            self._next_number()
            + still[16:24]
            + struct.pack(">IIHH", 0, 0, frame_s.numerator, frame_s.denominator)
            + bytes((_DISPOSE_NONE, _BLEND_SOURCE))
        )
        data = read_image_data(still)
        body = (
            write_chunk(b"fdAT", self._next_number(after=1) + data)
            if self._frames
            else write_chunk(b"IDAT", data)
        )
        self._sequence += 2 if self._frames else 1
        self._frames += 1
        return head + write_chunk(b"fcTL", control) + body

    def _next_number(self, after: int = 0) -> bytes:
        return struct.pack(">I", self._sequence + after)

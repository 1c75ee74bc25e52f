"""`VideoWriter`: MP4 and WebM through PyAV, in fragments that can be sent as they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import av
import numpy as np
from av import VideoFrame, VideoStream
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace

from app.films.timing import FilmTiming
from app.image_encoding import Pixels, paint_on_white
from model.png import to_pillow

_BT709 = 1  # what H.273 calls it, for primaries, transfer and matrix alike
_LIMITED = 1


@dataclass(frozen=True)
class VideoKind:
    """How one container is written: `is_exact` where every frame comes back bit for bit."""

    container: str
    container_options: dict[str, str]
    codec: str
    pixel_format: str
    codec_options: dict[str, str]
    is_exact: bool


# One thread, no frames held back: the same bytes on any number of cores, and each frame is
# written as soon as it is there.
MP4 = VideoKind(
    container="mp4",
    # A fragment for each frame, and a head that does not wait for the end.
    container_options={
        "movflags": "+frag_every_frame+empty_moov+default_base_moof",
        "fflags": "+bitexact",
    },
    codec="libx264",
    pixel_format="yuv420p",
    codec_options={
        "preset": "veryfast",
        "tune": "zerolatency",
        "crf": "12",
        "threads": "1",
        "x264-params": "sliced-threads=0",
    },
    is_exact=False,
)
WEBM = VideoKind(
    container="webm",
    container_options={"fflags": "+bitexact", "cluster_time_limit": "100"},
    codec="libvpx-vp9",
    pixel_format="gbrp",
    codec_options={
        "lossless": "1",
        "deadline": "realtime",
        "cpu-used": "5",
        "lag-in-frames": "0",
        "threads": "1",
        "row-mt": "0",
    },
    is_exact=True,
)


class _Outbox:
    """The file that the muxer writes to: it can only be appended to, and is emptied."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


class VideoWriter:
    """Encodes frames as they come. Alpha is painted on white, for video has none."""

    def __init__(self, kind: VideoKind, size: tuple[int, int], timing: FilmTiming) -> None:
        """Take height and width of every frame."""
        height, width = size
        self._kind = kind
        # Chroma of half the size needs even sides; the last row or column is doubled.
        self._padding = ((0, height % 2), (0, width % 2)) if not kind.is_exact else ((0, 0), (0, 0))
        self._outbox = _Outbox()
        self._container = av.open(
            self._outbox, "w", format=kind.container, container_options=kind.container_options
        )
        sides = (height + self._padding[0][1], width + self._padding[1][1])
        self._stream = _add_stream(self._container, kind, sides, timing)
        self._frame_s = timing.frame_s
        self._frames = 0

    def write(self, frames: Sequence[Pixels]) -> bytes:
        """Return the bytes of the next frames, uint8 (h, w, c) each."""
        for pixels in frames:
            self._container.mux(self._stream.encode(self._make_frame(pixels)))
        return self._outbox.take()

    def close(self) -> bytes:
        """Return the end of the file."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._outbox.take()

    def _make_frame(self, pixels: Pixels) -> VideoFrame:
        rgb = np.asarray(paint_on_white(to_pillow(pixels)).convert("RGB"))
        if not self._kind.is_exact:
            rgb = np.pad(rgb, (*self._padding, (0, 0)), "edge")
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
        if self._kind.is_exact:
            frame = frame.reformat(format=self._kind.pixel_format)
        else:
            frame = frame.reformat(
                format=self._kind.pixel_format,
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
            )
        frame.pts, frame.time_base = self._frames, self._frame_s
        self._frames += 1
        return frame


def _add_stream(
    container: OutputContainer, kind: VideoKind, sides: tuple[int, int], timing: FilmTiming
) -> VideoStream:
    """Begin the one stream of a container."""
    rate = 1 / timing.frame_s
    stream = container.add_stream(kind.codec, rate=rate, options=kind.codec_options)
    assert isinstance(stream, VideoStream)
    stream.height, stream.width = sides
    stream.pix_fmt = kind.pixel_format
    stream.time_base = timing.frame_s
    context = stream.codec_context
    context.time_base = timing.frame_s
    context.flags |= int(Flags.bitexact)
    if not kind.is_exact:
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED
    return stream

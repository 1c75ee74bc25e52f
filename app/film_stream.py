"""`FilmStream`: the bytes of a film, rendered slice by slice while they are read."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from app.batching import Batcher
from app.errors import DeadlineExceeded
from app.films.writer import FilmWriter
from app.image_encoding import ImageFormat
from app.pending import RenderedRows
from model.latents import Latents

# So few that the first bytes leave early, and then enough to fill a batch.
_FIRST_FRAMES = 2
_MAX_FRAMES = 32
_SLICE_PIXELS = 2**20

# While one slice is written and sent the next is rendered, and no more: a reader that is slow
# stops the rendering.
_SLICES_AHEAD = 2

_FULL_QUEUE_PAUSE_S = 0.05


@dataclass(frozen=True)
class FilmFrames:
    """What a film is made of: its latents, and how each frame is encoded."""

    latents: Latents
    encoding: ImageFormat | None
    pixels_per_frame: int

    def split(self) -> list[Latents]:
        """Return the slices that are rendered one after the other."""
        size = max(1, min(_MAX_FRAMES, _SLICE_PIXELS // self.pixels_per_frame))
        first = min(_FIRST_FRAMES, size, len(self.latents))
        rest = self.latents.rows(first, len(self.latents))
        return [self.latents.rows(0, first), *(rest.split(size) if len(rest) else [])]


class FilmStream:
    """Renders a film through a batcher. Whatever ends the reading ends the rendering."""

    def __init__(
        self,
        frames: FilmFrames,
        batcher: Batcher,
        writer: FilmWriter,
        work: Callable[[Callable[[], bytes]], Awaitable[bytes]],
        limit_s: float,
    ) -> None:
        """`work` runs the writer off the event loop; `limit_s` is for each slice."""
        self._slices = frames.split()
        self._encoding = frames.encoding
        self._batcher = batcher
        self._writer = writer
        self._work = work
        self._limit_s = limit_s
        self.first_rows: RenderedRows | None = None
        self._chunks = self._make_chunks()
        self._first = b""

    async def start(self) -> RenderedRows:
        """Render the first frames, with all that may refuse them; returns how they came about.

        Raises ServiceError.
        """
        try:
            self._first = await anext(self._chunks)
        except BaseException:
            await self.aclose()
            raise
        assert self.first_rows is not None
        return self.first_rows

    async def chunks(self) -> AsyncIterator[bytes]:
        """Return the bytes as they are ready, once started; raises ServiceError in between."""
        yield self._first
        async for chunk in self._chunks:
            if chunk:
                yield chunk

    async def aclose(self) -> None:
        """Render no more."""
        await self._chunks.aclose()

    async def _make_chunks(self) -> AsyncGenerator[bytes]:
        """Return what each slice gives, even nothing, so that the first says that all is well."""
        waiting, running = deque(self._slices), deque[asyncio.Task[RenderedRows]]()
        try:
            while waiting or running:
                if not running:
                    running.append(asyncio.create_task(self._render(waiting.popleft())))
                rows = await running[0]
                running.popleft()
                self.first_rows = self.first_rows or rows
                while waiting and len(running) < _SLICES_AHEAD:
                    running.append(asyncio.create_task(self._render(waiting.popleft())))
                yield await self._work(partial(self._writer.write, rows.payloads))
            yield await self._work(self._writer.close)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _render(self, latents: Latents) -> RenderedRows:
        """Render one slice. Only the first can be refused: a film that has begun waits."""
        has_begun = self.first_rows is not None
        try:
            async with asyncio.timeout(self._limit_s):
                # A queue has no event to wait for: in it come first those whose turn it is.
                while has_begun and not self._batcher.has_room():  # noqa: ASYNC110
                    await asyncio.sleep(_FULL_QUEUE_PAUSE_S)
                return await self._batcher.submit(latents, self._encoding, self._limit_s)
        except TimeoutError as error:
            raise DeadlineExceeded(f"These frames took longer than {self._limit_s:g} s.") from error

"""`Lane`: one place where batches are rendered and encoded, one at a time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.image_encoding import ImageFormat, encode_image
from model.latents import Latents

# A file in this format, or None for the pixels themselves.
Encoding: TypeAlias = ImageFormat | None
Payload: TypeAlias = bytes | NDArray[np.uint8]


@dataclass(frozen=True)
class RenderedBatch:
    """One file, or uint8 (h, w, c), for each row, and how long it took."""

    payloads: list[Payload]
    forward_s: float
    encode_s: float


class Lane(Protocol):
    """What a batcher gives its batches to, one after the other."""

    async def render(self, latents: Latents, encodings: Sequence[Encoding]) -> RenderedBatch:
        """Render (n, z_dim) latents and encode each row; raises whatever went wrong."""

    async def check_golden(self) -> None:
        """Raise if the golden seeds no longer render as at the start."""

    def is_alive(self) -> bool:
        """Whether it can still render."""

    def close(self) -> None:
        """Let go of what it holds."""


class PixelGenerator(Protocol):
    """What a lane runs; `model.inference.InferenceEngine` is one."""

    def generate_pixels(self, latents: Latents) -> NDArray[np.uint8]:
        """Render `latents` as pixels (n, h, w, c)."""

    def check_golden(self) -> None:
        """Raise if the golden seeds no longer render as at the start."""


class LocalLane:
    """A thread of this process. Several lanes may share a generator that allows it."""

    def __init__(self, generator: PixelGenerator) -> None:
        self._generator = generator
        self._work: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        # A daemon, unlike an executor's: a pass that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="lane", daemon=True)
        self._thread.start()

    async def render(self, latents: Latents, encodings: Sequence[Encoding]) -> RenderedBatch:
        """Render on the lane's thread."""
        work = partial(render_batch, self._generator, latents, encodings)
        batch: RenderedBatch = await self._do(work)
        return batch

    async def check_golden(self) -> None:
        """Check on the lane's thread."""
        await self._do(self._generator.check_golden)

    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def close(self) -> None:
        """End the thread once it has done what it does."""
        self._work.put(None)

    async def _do(self, work: Callable[[], Any]) -> Any:
        future: Future[Any] = Future()
        self._work.put((work, future))
        return await asyncio.wrap_future(future)

    def _run(self) -> None:
        while item := self._work.get():
            work, future = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)


def render_batch(
    generator: PixelGenerator, latents: Latents, encodings: Sequence[Encoding]
) -> RenderedBatch:
    """Render and encode each row on the calling thread."""
    started_s = time.perf_counter()
    pixels = generator.generate_pixels(latents)
    rendered_s = time.perf_counter()
    if len(pixels) != len(latents):
        raise RuntimeError(f"{len(latents)} rows went in, {len(pixels)} came out")
    payloads: list[Payload] = [
        image if encoding is None else encode_image(image, encoding)
        for image, encoding in zip(pixels, encodings, strict=True)
    ]
    ended_s = time.perf_counter()
    return RenderedBatch(payloads, rendered_s - started_s, ended_s - rendered_s)

"""Lanes that show what a batcher does with them, and batchers around them."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.batching import Batcher
from app.lanes import Encoding, Lane, Payload, RenderedBatch, render_batch
from app.metrics import Metrics
from app.pending import RenderedRows
from model.latents import Latents

LIMIT_S = 20
SHAPES = (1, 2, 4, 8)


def rows(*numbers: int) -> Latents:
    return Latents(np.array(numbers, np.float32)[:, None])


def numbers(rendered: RenderedRows) -> list[int]:
    """Read back what the lanes painted."""
    return [number_of(payload) for payload in rendered.payloads]


def number_of(payload: Payload) -> int:
    """Read the number in pixels, or in a file of them."""
    pixels = np.asarray(Image.open(io.BytesIO(payload))) if isinstance(payload, bytes) else payload
    high, low = pixels[0, 0].tolist()
    return int(high * 256 + low)


@dataclass(frozen=True)
class Painter:
    """A generator whose weights are never wrong."""

    generate_pixels: Callable[[Latents], NDArray[np.uint8]]

    def check_golden(self) -> None:
        """Find nothing."""


class EchoLane:
    """Paints each row's own z, so that a swapped or doubled row is seen."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.check: Callable[[], None] = lambda: None
        self.is_dead = False

    async def render(self, latents: Latents, encodings: Sequence[Encoding]) -> RenderedBatch:
        await asyncio.sleep(0)  # a real lane lets others run meanwhile
        return render_batch(Painter(self.paint), latents, encodings)

    def paint(self, latents: Latents) -> NDArray[np.uint8]:
        seen = latents.z[:, 0].astype(int)
        self.batches.append(seen.tolist())
        return np.stack([seen // 256, seen % 256], axis=-1).astype(np.uint8)[:, None, None]

    async def check_golden(self) -> None:
        self.check()

    def is_alive(self) -> bool:
        return not self.is_dead

    def close(self) -> None:
        self.is_dead = True


class GatedLane(EchoLane):
    """Stops before each batch until it is let through."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = asyncio.Semaphore(0)
        self.gate = asyncio.Semaphore(0)

    async def render(self, latents: Latents, encodings: Sequence[Encoding]) -> RenderedBatch:
        self.entered.release()
        await self.gate.acquire()
        return await super().render(latents, encodings)

    async def wait_until_entered(self) -> None:
        async with asyncio.timeout(LIMIT_S):
            await self.entered.acquire()

    def let_through(self, batches: int = 1000) -> None:
        for _ in range(batches):
            self.gate.release()


class FailingLane(GatedLane):
    """Fails on a batch that holds a row from 1000 on, in the way that the row says."""

    def paint(self, latents: Latents) -> NDArray[np.uint8]:
        pixels = super().paint(latents)
        if 1000 in latents.z:
            raise RuntimeError("out of memory")
        if 1001 in latents.z:
            return pixels[1:]
        if 1002 in latents.z:
            raise SystemExit
        if 1003 in latents.z:
            self.is_dead = True
            raise RuntimeError("the process has ended")
        return pixels


@contextlib.asynccontextmanager
async def batching(
    *lanes: Lane, capacity: int = 100, metrics: Metrics | None = None
) -> AsyncIterator[Batcher]:
    """Run a batcher in front of `lanes`; whatever they hold is let through at the end."""
    batcher = Batcher(lanes, SHAPES, capacity, (metrics or Metrics()).for_model("echo"))
    batcher.start()
    await asyncio.sleep(0)  # lets the lanes find that there is nothing to do
    yield batcher
    for lane in lanes:
        if isinstance(lane, GatedLane):
            lane.let_through()
    await batcher.close(LIMIT_S)


async def enqueue(
    batcher: Batcher, *numbers: int, encoding: Encoding = None
) -> asyncio.Task[RenderedRows]:
    """Queue rows of these numbers and return what waits for them."""
    task = asyncio.create_task(batcher.submit(rows(*numbers), encoding))
    await asyncio.sleep(0)  # lets it queue
    return task


@contextlib.asynccontextmanager
async def held_in_a_batch(
    lane: GatedLane, metrics: Metrics | None = None
) -> AsyncIterator[Batcher]:
    """Run a batcher whose one lane is held in a batch of the single row 0."""
    async with batching(lane, metrics=metrics) as batcher:
        held = await enqueue(batcher, 0)
        await lane.wait_until_entered()
        yield batcher
        lane.let_through()
        await asyncio.wait([held])
        assert held.exception() is None or not batcher.is_alive


async def lanes_end(batcher: Batcher) -> None:
    """Wait until no lane runs any more."""
    async with asyncio.timeout(LIMIT_S):
        await asyncio.wait(batcher._tasks)


async def until(is_so: Callable[[], bool]) -> None:
    """Let the event loop turn until something is so."""
    async with asyncio.timeout(LIMIT_S):
        while not is_so():  # noqa: ASYNC110 -- a counter has no event
            await asyncio.sleep(0)

"""Requests that come, share rows, leave and fail in orders that nobody thought of."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from app.batching import Batcher
from app.errors import GeneratorFailed, Overloaded
from app.image_encoding import ImageFormat
from app.lanes import Encoding, Lane, LocalLane, RenderedBatch
from app.metrics import Metrics
from model.latents import Latents
from tests.app.echo_lanes import LIMIT_S, EchoLane, Painter, batching, numbers, rows, until

pytestmark = pytest.mark.anyio

FATAL = 50  # a batch with this row fails


class FickleLane(EchoLane):
    """Fails on one row."""

    def paint(self, latents: Latents) -> NDArray[np.uint8]:
        pixels = super().paint(latents)
        if FATAL in latents.z:
            raise RuntimeError("out of memory")
        return pixels


class SlowLane(FickleLane):
    """Takes a number of turns of the event loop that a seed decides."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._turns = random.Random(seed)

    async def render(self, latents: Latents, encodings: Sequence[Encoding]) -> RenderedBatch:
        for _ in range(self._turns.randrange(6)):
            await asyncio.sleep(0)
        return await super().render(latents, encodings)


async def be_a_client(batcher: Batcher, seed: int) -> int:
    """Ask for rows, wait for them or leave; return how many answers were right."""
    order = random.Random(seed)
    right = 0
    for _ in range(30):
        wanted = [order.randrange(FATAL + 1) for _ in range(order.choice([1, 1, 2, 5, 20]))]
        encoding = order.choice([None, None, ImageFormat.PNG])
        task = asyncio.create_task(batcher.submit(rows(*wanted), encoding))
        leaves = order.random() < 0.4
        for _ in range(order.randrange(8)):
            await asyncio.sleep(0)
        if leaves:
            task.cancel()
        try:
            rendered = await asyncio.wait_for(asyncio.shield(task), LIMIT_S)
        except asyncio.CancelledError:
            assert leaves
        except (GeneratorFailed, Overloaded):
            pass  # a row was in a batch with the fatal one, or there was no room
        else:
            assert numbers(rendered) == wanted
            right += 1
    return right


def on_the_loop(seed: int) -> Lane:
    return SlowLane(seed)


def on_a_thread(_: int) -> Lane:
    return LocalLane(Painter(FickleLane().paint))


@pytest.mark.parametrize("make_lane", [on_the_loop, on_a_thread])
@pytest.mark.parametrize("seed", range(8))
async def test_everybody_is_answered_and_nothing_is_left(
    make_lane: Callable[[int], Lane], seed: int
) -> None:
    metrics = Metrics()
    lanes = [make_lane(2 * seed), make_lane(2 * seed + 1)]
    async with batching(*lanes, capacity=60, metrics=metrics) as batcher:
        clients = [be_a_client(batcher, 100 * seed + number) for number in range(12)]
        right = await asyncio.gather(*clients)
        # An answer to one who came last: before it all that nobody waits for is dropped.
        assert numbers(await batcher.submit(rows(7, 8))) == [7, 8]
        await until(lambda: not batcher._rows)
        assert batcher.queued_images == 0
        assert not batcher._queue
        assert batcher.is_alive
    for lane in lanes:
        lane.close()
    if make_lane is on_the_loop:  # where nothing is left to chance: all of it happened
        assert sum(right) > 40
        for name in ("coalesced_rows", "dropped_rows", "failed_batches"):
            total = metrics.registry.get_sample_value(f"ganloom_{name}_total", {"model": "echo"})
            assert total

"""Requests that cannot be answered in time are refused at once; costs come from a fake."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import AsyncIterator, Sequence

import pytest

from app.batching import Batcher
from app.errors import DeadlineExceeded, Overloaded
from app.lanes import Encoding, RenderedBatch
from app.metrics import Metrics
from model.latents import Latents
from tests.app.echo_lanes import GatedLane, batching, enqueue, numbers, rows

pytestmark = pytest.mark.anyio


class CostlyLane(GatedLane):
    """Says that a batch took a second and a half, and two more seconds an image."""

    async def render(self, latents: Latents, encodings: Sequence[Encoding]) -> RenderedBatch:
        batch = await super().render(latents, encodings)
        return dataclasses.replace(batch, forward_s=1.5 + len(latents), encode_s=1.0 * len(latents))


Held = tuple[list[CostlyLane], Batcher, Metrics]


@pytest.fixture(params=[1, 2])
async def held(anyio_backend: str, request: pytest.FixtureRequest) -> AsyncIterator[Held]:  # noqa: ARG001
    """Lanes of known cost, each held in a batch."""
    lanes = [CostlyLane() for _ in range(request.param)]
    metrics = Metrics()
    async with batching(*lanes, metrics=metrics) as batcher:
        for lane in lanes:
            lane.let_through(2)
        for size in (1, 8):  # two sizes tell the cost of an image from that of a batch
            await batcher.submit(rows(*range(size * len(lanes))))
        for lane in lanes:  # what was not needed is taken back
            while lane.gate._value:
                await lane.gate.acquire()
            lane.entered = type(lane.entered)(0)
        for number in range(len(lanes)):
            await enqueue(batcher, 900 + number)
        for lane in lanes:
            await lane.wait_until_entered()
        yield lanes, batcher, metrics


def refusals(metrics: Metrics, reason: str) -> float | None:
    labels = {"model": "echo", "reason": reason}
    return metrics.registry.get_sample_value("ganloom_refused_requests_total", labels)


async def test_a_queue_that_needs_longer_than_the_limit_refuses_at_once(held: Held) -> None:
    lanes, batcher, metrics = held
    waiting = await enqueue(batcher, *range(20))
    # Two seconds an image, and three batches of up to eight.
    needed_s = (2 * 20 + 1.5 * 3) / len(lanes)
    with pytest.raises(DeadlineExceeded, match=f"needs {needed_s:.2g} s"):
        await batcher.submit(rows(30), limit_s=needed_s - 0.1)
    assert batcher.queued_images == 20
    assert refusals(metrics, "deadline") == 1
    assert not refusals(metrics, "queue_full")
    for lane in lanes:
        lane.let_through()
    assert numbers(await waiting) == list(range(20))


async def test_a_queue_that_can_be_done_in_time_takes_the_request(held: Held) -> None:
    lanes, batcher, metrics = held
    await enqueue(batcher, *range(20))
    needed_s = (2 * 20 + 1.5 * 3) / len(lanes)
    for lane in lanes:
        lane.let_through()
    assert numbers(await batcher.submit(rows(30), limit_s=needed_s + 0.1)) == [30]
    assert not refusals(metrics, "deadline")


async def test_with_nothing_before_it_a_request_is_taken_whatever_its_limit(held: Held) -> None:
    lanes, batcher, _ = held
    for lane in lanes:
        lane.let_through()
    assert numbers(await batcher.submit(rows(30), limit_s=1e-3)) == [30]


async def test_a_refused_request_leaves_nothing_behind_that_another_could_join(held: Held) -> None:
    lanes, batcher, _ = held
    await enqueue(batcher, *range(20))
    with pytest.raises(DeadlineExceeded):
        await batcher.submit(rows(30), limit_s=1.0)
    again = await enqueue(batcher, 30)
    assert batcher.queued_images == 21
    for lane in lanes:
        lane.let_through()
    assert numbers(await again) == [30]


async def test_a_full_queue_says_how_long_it_needs(held: Held) -> None:
    lanes, batcher, metrics = held
    await enqueue(batcher, *range(100))
    with pytest.raises(Overloaded) as refusal:
        await batcher.submit(rows(200))
    assert refusal.value.retry_after_s == math.ceil((2 * 100 + 1.5 * 13) / len(lanes))
    assert refusals(metrics, "queue_full") == 1


async def test_before_any_batch_has_run_nothing_is_known_and_nothing_refused() -> None:
    lane = CostlyLane()
    async with batching(lane) as batcher:
        await enqueue(batcher, *range(50))
        last = await enqueue(batcher, 60)
        quick = batcher.submit(rows(70), limit_s=1e-3)
        lane.let_through()
        assert numbers(await quick) == [70]
        assert numbers(await last) == [60]

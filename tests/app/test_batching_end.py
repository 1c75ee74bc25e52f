"""How a batcher ends, and how its callers and checks do: nobody is left waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from app.batching import Batcher
from app.errors import GeneratorFailed, NotReady
from app.lanes import Encoding, RenderedBatch
from app.metrics import Metrics
from model.latents import Latents
from tests.app.echo_lanes import (
    LIMIT_S,
    SHAPES,
    EchoLane,
    FailingLane,
    GatedLane,
    batching,
    enqueue,
    lanes_end,
    numbers,
    rows,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("number", "error"), [(1002, NotReady), (1003, GeneratorFailed)])
async def test_a_dead_lane_shows_and_leaves_nobody_waiting(
    failing: tuple[FailingLane, Batcher], number: int, error: type[Exception]
) -> None:
    lane, batcher = failing
    fatal = [await enqueue(batcher, n) for n in (number, *range(1, 8))]
    waiting = [await enqueue(batcher, n) for n in range(8, 21)]
    lane.let_through()
    for task in fatal:
        with pytest.raises(error):
            await task
    for task in waiting:
        with pytest.raises(NotReady):
            await task
    await lanes_end(batcher)
    assert not batcher.is_alive
    with pytest.raises(NotReady):
        await batcher.submit(rows(1))


async def test_a_lane_that_dies_while_nothing_runs_shows(echo: tuple[EchoLane, Batcher]) -> None:
    lane, batcher = echo
    assert batcher.is_alive
    lane.is_dead = True
    assert not batcher.is_alive


async def test_close_finishes_what_waits(gated: tuple[GatedLane, Batcher]) -> None:
    lane, batcher = gated
    asked = [await enqueue(batcher, number, number + 100) for number in range(1, 20)]
    lane.let_through()
    await batcher.close(LIMIT_S)
    assert [numbers(task.result()) for task in asked] == [[n, n + 100] for n in range(1, 20)]
    assert not batcher.is_alive


async def test_close_fails_what_a_stuck_lane_leaves(gated: tuple[GatedLane, Batcher]) -> None:
    lane, batcher = gated
    running = await enqueue(batcher, 1)
    lane.let_through(1)
    await lane.wait_until_entered()
    waiting = [await enqueue(batcher, number) for number in (2, 3)]
    await batcher.close(0)
    for task in (running, *waiting):
        with pytest.raises(NotReady):
            await task
    lane.let_through()
    await lanes_end(batcher)
    assert lane.batches == [[0]]


async def test_a_closed_batcher_takes_nothing(echo: tuple[EchoLane, Batcher]) -> None:
    _, batcher = echo
    await batcher.close(LIMIT_S)
    with pytest.raises(NotReady):
        await batcher.submit(rows(1))
    with pytest.raises(NotReady):
        await batcher.check_golden()
    await batcher.close(LIMIT_S)


async def test_a_batcher_that_never_started_closes() -> None:
    batcher = Batcher([EchoLane()], SHAPES, 10, Metrics().for_model("echo"))
    with pytest.raises(NotReady):
        await batcher.submit(rows(1))
    assert not batcher.is_alive
    await batcher.close(0)


async def test_a_cancelled_caller_takes_its_rows_along(gated: tuple[GatedLane, Batcher]) -> None:
    lane, batcher = gated
    caller = await enqueue(batcher, 1)
    assert batcher.queued_images == 1
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    lane.let_through()
    assert numbers(await batcher.submit(rows(2))) == [2]
    assert lane.batches == [[0], [2]]


async def test_a_check_runs_before_the_next_batch(gated: tuple[GatedLane, Batcher]) -> None:
    lane, batcher = gated
    waiting = await enqueue(batcher, 1)
    seen: list[int] = []
    lane.check = lambda: seen.append(len(lane.batches))
    task = asyncio.create_task(batcher.check_golden())
    await asyncio.sleep(0)
    lane.let_through()
    await task
    assert seen == [1]
    assert numbers(await waiting) == [1]


async def test_a_check_does_not_wait_for_a_request(echo: tuple[EchoLane, Batcher]) -> None:
    lane, batcher = echo
    seen: list[int] = []
    lane.check = lambda: seen.append(1)
    await batcher.check_golden()
    await batcher.check_golden()
    assert seen == [1, 1]


async def test_a_failing_check_fails_nothing_else(echo: tuple[EchoLane, Batcher]) -> None:
    lane, batcher = echo

    def check() -> None:
        raise RuntimeError("wrong pixels")

    lane.check = check
    with pytest.raises(RuntimeError, match="wrong pixels"):
        await batcher.check_golden()
    assert numbers(await batcher.submit(rows(3))) == [3]


async def test_a_check_that_nobody_waits_for_any_more_is_no_end_of_checks(
    gated: tuple[GatedLane, Batcher],
) -> None:
    lane, batcher = gated
    given_up = asyncio.create_task(batcher.check_golden())
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    seen: list[int] = []
    lane.check = lambda: seen.append(1)
    again = asyncio.create_task(batcher.check_golden())
    await asyncio.sleep(0)
    lane.let_through()
    await asyncio.wait([again])
    assert not again.cancelled()
    assert seen


async def test_a_check_that_kills_the_lane_leaves_nobody_waiting(
    gated: tuple[GatedLane, Batcher],
) -> None:
    lane, batcher = gated
    waiting = await enqueue(batcher, 1)

    def check() -> None:
        raise SystemExit

    lane.check = check
    checking = asyncio.create_task(batcher.check_golden())
    await asyncio.sleep(0)
    lane.let_through()
    for task in (checking, waiting):
        with pytest.raises(NotReady):
            await task


async def test_rows_that_do_not_fit_together_do_not_kill_the_lane(
    gated: tuple[GatedLane, Batcher],
) -> None:
    lane, batcher = gated
    wide = asyncio.create_task(batcher.submit(Latents(np.zeros((1, 3), np.float32))))
    odd = [wide, await enqueue(batcher, 1)]
    lane.let_through()
    for task in odd:
        with pytest.raises(GeneratorFailed):
            await task
    assert numbers(await batcher.submit(rows(2))) == [2]


class ShortLane(EchoLane):
    """Loses the last file of a batch."""

    async def render(self, latents: Latents, encodings: Sequence[Encoding]) -> RenderedBatch:
        whole = await super().render(latents, encodings)
        return RenderedBatch(whole.payloads[:-1], whole.forward_s, whole.encode_s)


async def test_a_lane_that_gives_too_little_leaves_nobody_waiting() -> None:
    async with batching(ShortLane()) as batcher:
        asked = await enqueue(batcher, 1, 2)
        with pytest.raises((GeneratorFailed, NotReady)):
            await asyncio.wait_for(asked, LIMIT_S)

"""How several lanes share one queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.batching import Batcher
from app.errors import GeneratorFailed, NotReady
from tests.app.echo_lanes import (
    FailingLane,
    GatedLane,
    batching,
    enqueue,
    lanes_end,
    numbers,
    rows,
    until,
)

pytestmark = pytest.mark.anyio

Two = tuple[FailingLane, FailingLane, Batcher]


@pytest.fixture
async def two(anyio_backend: str) -> AsyncIterator[Two]:  # noqa: ARG001
    """Two lanes, both free, that stop before each batch; the first is the one freed last."""
    first, second = FailingLane(), FailingLane()
    async with batching(second, first) as batcher:
        yield first, second, batcher


async def ask_at_once(batcher: Batcher, *asked: list[int]) -> list[asyncio.Task[list[int]]]:
    """Queue requests in one turn of the event loop."""

    async def ask(wanted: list[int]) -> list[int]:
        return numbers(await batcher.submit(rows(*wanted)))

    tasks = [asyncio.create_task(ask(wanted)) for wanted in asked]
    await asyncio.sleep(0)
    return tasks


async def both_entered(*lanes: GatedLane) -> None:
    for lane in lanes:
        await lane.wait_until_entered()


async def test_free_lanes_share_what_waits(two: Two) -> None:
    first, second, batcher = two
    tasks = await ask_at_once(batcher, *([n] for n in range(1, 8)))
    await both_entered(first, second)
    assert batcher.queued_images == 0
    first.let_through()
    second.let_through()
    assert [await task for task in tasks] == [[n] for n in range(1, 8)]
    assert sorted(first.batches + second.batches) == [[1, 2, 3, 4], [5, 6, 7]]


async def test_a_single_row_takes_one_lane_and_leaves_the_other_free(two: Two) -> None:
    first, second, batcher = two
    tasks = await ask_at_once(batcher, [1])
    await first.wait_until_entered()
    tasks += await ask_at_once(batcher, [2])
    await second.wait_until_entered()
    second.let_through()
    assert await tasks[1] == [2]
    assert not tasks[0].done()
    first.let_through()
    assert await tasks[0] == [1]


async def test_the_lane_that_was_freed_last_takes_the_next_request(two: Two) -> None:
    first, second, batcher = two
    first.let_through()
    second.let_through()
    await asyncio.gather(*await ask_at_once(batcher, [1], [2]))
    last = first if first.batches == [[2]] else second
    for number in range(3, 20):
        await asyncio.gather(*await ask_at_once(batcher, [number]))
    assert len(last.batches) in (1, 18)
    assert len(first.batches) + len(second.batches) == 19


async def test_no_batch_is_larger_than_a_lane_runs(two: Two) -> None:
    first, second, batcher = two
    tasks = await ask_at_once(batcher, list(range(1, 51)), list(range(101, 150)))
    first.let_through()
    second.let_through()
    assert [await task for task in tasks] == [list(range(1, 51)), list(range(101, 150))]
    sizes = [len(batch) for batch in first.batches + second.batches]
    assert sum(sizes) == 99
    assert max(sizes) == 8
    assert len(sizes) == 13


async def test_a_request_split_over_two_lanes_comes_back_in_order(two: Two) -> None:
    first, second, batcher = two
    (task,) = await ask_at_once(batcher, list(range(1, 11)))
    await both_entered(first, second)
    second.let_through()  # the later rows are there first
    await until(lambda: bool(second.batches))
    await asyncio.sleep(0)
    assert not task.done()
    first.let_through()
    assert await task == list(range(1, 11))
    assert [first.batches, second.batches] == [[[1, 2, 3, 4, 5]], [[6, 7, 8, 9, 10]]]


async def test_while_one_lane_is_held_the_other_runs_all(two: Two) -> None:
    first, second, batcher = two
    held = await ask_at_once(batcher, [1])
    await first.wait_until_entered()
    second.let_through()
    tasks = await ask_at_once(batcher, *([n] for n in range(2, 30)))
    assert [await task for task in tasks] == [[n] for n in range(2, 30)]
    assert not held[0].done()
    assert [len(batch) for batch in second.batches] == [8, 8, 8, 4]
    first.let_through()
    await held[0]


async def test_a_failing_batch_fails_nothing_of_the_other_lane(two: Two) -> None:
    first, second, batcher = two
    tasks = await ask_at_once(batcher, [1000], [1])
    await both_entered(first, second)
    first.let_through()
    with pytest.raises(GeneratorFailed):
        await tasks[0]
    second.let_through()
    assert await tasks[1] == [1]
    assert batcher.is_alive


async def test_a_request_whose_one_half_failed_is_whole_in_its_failure(two: Two) -> None:
    first, second, batcher = two
    (task,) = await ask_at_once(batcher, [1, 2, 3, 1000])
    await both_entered(first, second)
    second.let_through(1)
    with pytest.raises(GeneratorFailed):
        await task
    first.let_through()
    assert numbers(await batcher.submit(rows(1, 2))) == [1, 2]


@pytest.mark.parametrize("number", [1002, 1003])
async def test_one_dead_lane_closes_the_batcher(two: Two, number: int) -> None:
    first, second, batcher = two
    tasks = await ask_at_once(batcher, [1], [number])
    await both_entered(first, second)
    waiting = await ask_at_once(batcher, [2], [3])
    second.let_through()
    with pytest.raises((GeneratorFailed, NotReady)):
        await tasks[1]
    for task in (tasks[0], *waiting):
        with pytest.raises(NotReady):
            await task
    assert not batcher.is_alive
    assert batcher.queued_images == 0
    first.let_through()
    await lanes_end(batcher)
    assert first.batches == [[1]]


async def test_every_lane_is_checked_as_soon_as_it_is_free(two: Two) -> None:
    first, second, batcher = two
    (held,) = await ask_at_once(batcher, [1])
    await first.wait_until_entered()
    checked: list[str] = []
    first.check = lambda: checked.append("first")
    second.check = lambda: checked.append("second")
    check = asyncio.create_task(batcher.check_golden())
    await until(lambda: bool(checked))
    assert checked == ["second"]
    assert not check.done()
    first.let_through()
    await check
    assert checked == ["second", "first"]
    assert await held == [1]


async def test_a_check_that_fails_on_any_lane_fails(two: Two) -> None:
    first, second, batcher = two

    def check() -> None:
        raise RuntimeError("other pixels")

    second.check = check
    with pytest.raises(RuntimeError, match="other pixels"):
        await batcher.check_golden()
    first.let_through()
    second.let_through()
    (task,) = await ask_at_once(batcher, list(range(20)))
    assert await task == list(range(20))


async def test_close_waits_for_every_lane(two: Two) -> None:
    first, second, batcher = two
    tasks = await ask_at_once(batcher, list(range(1, 31)))
    await both_entered(first, second)
    closing = asyncio.create_task(batcher.close(20))
    await asyncio.sleep(0)
    with pytest.raises(NotReady):
        await batcher.submit(rows(99))
    first.let_through()
    second.let_through()
    await closing
    assert await tasks[0] == list(range(1, 31))


async def test_the_fullest_batch_of_a_request_is_told(two: Two) -> None:
    first, second, batcher = two
    first.let_through()
    second.let_through()
    task = await enqueue(batcher, *range(1, 20))
    rendered = await task
    assert rendered.batch_images == 8
    assert sorted(len(batch) for batch in first.batches + second.batches) == [3, 8, 8]

"""The contract at the top of app/batching.py, line by line. Nothing here waits for a clock."""

from __future__ import annotations

import asyncio

import pytest

from app.batching import Batcher
from app.errors import GeneratorFailed, Overloaded
from tests.app.echo_lanes import EchoLane, FailingLane, GatedLane, enqueue, numbers, rows

pytestmark = pytest.mark.anyio


async def test_each_request_gets_its_own_rows_in_order(echo: tuple[EchoLane, Batcher]) -> None:
    _, batcher = echo
    asked = [list(range(first, first + 1 + first % 13)) for first in range(0, 60000, 97)]

    async def ask(wanted: list[int]) -> list[int]:
        return numbers(await batcher.submit(rows(*wanted)))

    assert await asyncio.gather(*map(ask, asked)) == asked


async def test_a_lone_request_is_sent_at_once(echo: tuple[EchoLane, Batcher]) -> None:
    lane, batcher = echo
    rendered = await batcher.submit(rows(5))
    assert lane.batches == [[5]]
    assert rendered.batch_images == 1


async def test_what_waits_is_merged_into_one_batch(gated: tuple[GatedLane, Batcher]) -> None:
    lane, batcher = gated
    asked = [await enqueue(batcher, *wanted) for wanted in ([1, 2], [3], [4])]
    lane.let_through()
    assert [numbers(await task) for task in asked] == [[1, 2], [3], [4]]
    assert lane.batches == [[0], [1, 2, 3, 4]]
    assert asked[0].result().batch_images == 4


async def test_a_long_request_is_split_and_comes_back_whole(
    echo: tuple[EchoLane, Batcher],
) -> None:
    lane, batcher = echo
    assert numbers(await batcher.submit(rows(*range(20)))) == list(range(20))
    assert [len(batch) for batch in lane.batches] == [8, 8, 4]


async def test_a_short_request_does_not_wait_for_a_long_one(
    gated: tuple[GatedLane, Batcher],
) -> None:
    lane, batcher = gated
    long = await enqueue(batcher, *range(100, 150))
    short = await enqueue(batcher, 1)
    lane.let_through(2)
    assert numbers(await short) == [1]
    await lane.wait_until_entered()  # the second batch
    await lane.wait_until_entered()  # the third, held
    assert lane.batches == [[0], [*range(100, 107), 1]]
    assert not long.done()
    lane.let_through()
    assert numbers(await long) == list(range(100, 150))


async def test_more_requests_than_a_batch_holds_go_in_order_of_arrival(
    gated: tuple[GatedLane, Batcher],
) -> None:
    lane, batcher = gated
    asked = [await enqueue(batcher, number) for number in range(1, 13)]
    lane.let_through()
    assert [numbers(await task) for task in asked] == [[n] for n in range(1, 13)]
    assert lane.batches == [[0], list(range(1, 9)), list(range(9, 13))]


async def test_a_full_queue_is_refused_in_images_and_keeps_what_it_holds(
    gated: tuple[GatedLane, Batcher],
) -> None:
    lane, batcher = gated
    held = await enqueue(batcher, *range(1, 96))
    last = await enqueue(batcher, *range(201, 206))
    assert batcher.queued_images == 100
    with pytest.raises(Overloaded) as refusal:
        await batcher.submit(rows(300))
    assert refusal.value.retry_after_s >= 1
    lane.let_through()
    assert numbers(await held) == list(range(1, 96))
    assert numbers(await last) == list(range(201, 206))
    assert batcher.queued_images == 0


async def test_a_request_nobody_waits_for_is_not_run_and_leaves_room(
    gated: tuple[GatedLane, Batcher],
) -> None:
    lane, batcher = gated
    abandoned = await enqueue(batcher, *range(1, 101))
    assert abandoned.cancel()
    await asyncio.sleep(0)
    wanted = await enqueue(batcher, 700)
    lane.let_through()
    assert numbers(await wanted) == [700]
    assert lane.batches == [[0], [700]]


async def test_a_request_abandoned_half_way_runs_no_further(
    gated: tuple[GatedLane, Batcher],
) -> None:
    lane, batcher = gated
    abandoned = await enqueue(batcher, *range(1, 51))
    lane.let_through(1)
    await lane.wait_until_entered()  # its first 8 rows are running
    assert abandoned.cancel()
    wanted = await enqueue(batcher, 99)
    lane.let_through()
    assert numbers(await wanted) == [99]
    assert lane.batches == [[0], list(range(1, 9)), [99]]
    assert batcher.is_alive


@pytest.mark.parametrize("number", [1000, 1001])
async def test_a_failing_batch_fails_only_its_own_requests(
    failing: tuple[FailingLane, Batcher], number: int
) -> None:
    lane, batcher = failing
    together = [await enqueue(batcher, number, 1, 2, 3), await enqueue(batcher, 4, 5, 6, 7)]
    later = await enqueue(batcher, 8, 9, 10, 11, 12)  # gets two rows of that batch, or none
    lane.let_through(2)
    for task in together:
        with pytest.raises(GeneratorFailed):
            await task
    apart = await enqueue(batcher, 20)
    lane.let_through()
    assert numbers(await apart) == [20]
    await asyncio.wait([later])
    assert isinstance(later.exception(), GeneratorFailed | None)
    assert batcher.queued_images == 0


async def test_a_split_request_that_fails_is_not_run_further(
    failing: tuple[FailingLane, Batcher],
) -> None:
    lane, batcher = failing
    split = await enqueue(batcher, 1000, *range(1, 31))
    lane.let_through()
    with pytest.raises(GeneratorFailed):
        await split
    assert numbers(await batcher.submit(rows(5))) == [5]
    assert len(lane.batches) == 3

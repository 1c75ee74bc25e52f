"""Equal rows that are queued or running at the same time are rendered once, for all."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from app.batching import Batcher
from app.errors import GeneratorFailed
from app.image_encoding import ImageFormat
from app.metrics import Metrics
from model.latents import Latents
from tests.app.echo_lanes import (
    FailingLane,
    GatedLane,
    enqueue,
    held_in_a_batch,
    number_of,
    numbers,
    rows,
)

pytestmark = pytest.mark.anyio

Gated = tuple[GatedLane, Batcher]


async def leave(*tasks: asyncio.Task[object]) -> None:
    """Cancel, as a client does that hangs up."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)


async def test_equal_rows_that_wait_share_one_place(gated: Gated) -> None:
    lane, batcher = gated
    asked = [await enqueue(batcher, *wanted) for wanted in ([1, 2], [2, 3], [3, 2, 1])]
    assert batcher.queued_images == 3
    lane.let_through()
    assert [numbers(await task) for task in asked] == [[1, 2], [2, 3], [3, 2, 1]]
    assert lane.batches == [[0], [1, 2, 3]]


@pytest.mark.parametrize("encoding", [None, *ImageFormat])
async def test_what_is_shared_is_equal_for_all(gated: Gated, encoding: ImageFormat | None) -> None:
    lane, batcher = gated
    asked = [await enqueue(batcher, 1, encoding=encoding) for _ in range(3)]
    lane.let_through()
    payloads = [(await task).payloads[0] for task in asked]
    assert lane.batches == [[0], [1]]
    assert len({bytes(payload) for payload in payloads}) == 1


async def test_a_row_that_runs_is_joined(gated: Gated) -> None:
    lane, batcher = gated
    joined = await enqueue(batcher, 0)
    assert batcher.queued_images == 0
    lane.let_through()
    rendered = await joined
    assert numbers(rendered) == [0]
    assert (rendered.queue_ms, rendered.batch_images) == (0, 1)
    assert lane.batches == [[0]]


async def test_a_request_of_rows_that_run_and_wait_and_are_new_comes_back_whole(
    gated: Gated,
) -> None:
    lane, batcher = gated
    waiting = await enqueue(batcher, 1)
    mixed = await enqueue(batcher, 2, 0, 1, 2, 0)
    lane.let_through()
    assert numbers(await mixed) == [2, 0, 1, 2, 0]
    assert numbers(await waiting) == [1]
    assert lane.batches == [[0], [1, 2]]


async def test_a_row_that_has_run_is_run_again(gated: Gated) -> None:
    lane, batcher = gated
    lane.let_through()
    first, second = [await batcher.submit(rows(5)) for _ in range(2)]
    assert numbers(first) == numbers(second) == [5]
    assert lane.batches == [[0], [5], [5]]


async def test_equal_rows_of_one_request_are_run_once(gated: Gated) -> None:
    lane, batcher = gated
    asked = await enqueue(batcher, 4, 5, 4, 4)
    assert batcher.queued_images == 2
    lane.let_through()
    assert numbers(await asked) == [4, 5, 4, 4]
    assert lane.batches == [[0], [4, 5]]


async def test_other_encodings_do_not_share(gated: Gated) -> None:
    lane, batcher = gated
    asked = [
        await enqueue(batcher, 300, encoding=encoding)
        for encoding in (None, ImageFormat.PNG, ImageFormat.WEBP)
    ]
    lane.let_through()
    pixels, png, webp = [(await task).payloads[0] for task in asked]
    assert isinstance(pixels, np.ndarray)
    assert isinstance(png, bytes)
    assert png.startswith(b"\x89PNG")
    assert isinstance(webp, bytes)
    assert webp[8:12] == b"WEBP"
    assert number_of(pixels) == number_of(png) == 300
    assert lane.batches == [[0], [300, 300, 300]]


async def test_other_labels_do_not_share(gated: Gated) -> None:
    lane, batcher = gated
    asked = [
        asyncio.create_task(batcher.submit(Latents(rows(6).z, np.array([label]))))
        for label in (1, 2, 1)
    ]
    await asyncio.sleep(0)
    lane.let_through()
    assert [numbers(await task) for task in asked] == [[6]] * 3
    assert lane.batches == [[0], [6, 6]]


async def test_rows_that_differ_in_the_last_bit_do_not_share(gated: Gated) -> None:
    lane, batcher = gated
    z = np.array([[7.0]], np.float32)
    near = np.nextafter(z, np.float32(8))
    asked = [asyncio.create_task(batcher.submit(Latents(row))) for row in (z, near)]
    await asyncio.sleep(0)
    lane.let_through()
    assert [numbers(await task) for task in asked] == [[7], [7]]
    assert lane.batches == [[0], [7, 7]]


async def test_rows_of_one_who_leaves_while_they_wait_run_for_the_others(gated: Gated) -> None:
    lane, batcher = gated
    owner = await enqueue(batcher, 1, 2, 3)
    heir = await enqueue(batcher, 3, 4)
    last = await enqueue(batcher, 2, 3)
    await leave(owner)
    lane.let_through()
    assert numbers(await heir) == [3, 4]
    assert numbers(await last) == [2, 3]
    assert sorted(lane.batches[1]) == [2, 3, 4]
    assert len(lane.batches) == 2


async def test_an_heir_may_leave_too(gated: Gated) -> None:
    lane, batcher = gated
    owner, heir, last = [await enqueue(batcher, 1) for _ in range(3)]
    await leave(owner)
    other = await enqueue(batcher, 2)
    await leave(heir)
    lane.let_through()
    assert numbers(await last) == [1]
    assert numbers(await other) == [2]
    assert sorted(lane.batches[1]) == [1, 2]


async def test_rows_of_one_who_leaves_while_they_run_are_there_for_the_others(
    gated: Gated,
) -> None:
    lane, batcher = gated
    owner = await enqueue(batcher, 1)
    lane.let_through(1)
    await lane.wait_until_entered()
    sharer = await enqueue(batcher, 1)
    await leave(owner)
    late = await enqueue(batcher, 1)  # joins a row whose owner is gone
    lane.let_through()
    assert numbers(await sharer) == numbers(await late) == [1]
    assert lane.batches == [[0], [1]]


async def test_one_who_shares_may_leave(gated: Gated) -> None:
    lane, batcher = gated
    owner = await enqueue(batcher, 1, 2)
    sharer = await enqueue(batcher, 2, 3)
    await leave(sharer)
    lane.let_through()
    assert numbers(await owner) == [1, 2]
    assert lane.batches == [[0], [1, 2]]


async def test_a_row_that_all_have_left_is_not_run_and_leaves_room(gated: Gated) -> None:
    lane, batcher = gated
    everybody = [await enqueue(batcher, *range(1, 101)) for _ in range(3)]
    assert batcher.queued_images == 100
    await leave(*everybody)
    filling = await enqueue(batcher, *range(201, 301))
    assert batcher.queued_images == 100
    lane.let_through()
    assert numbers(await filling) == list(range(201, 301))
    assert batcher._rows == {}
    assert {n for batch in lane.batches[1:] for n in batch} == set(range(201, 301))


async def test_a_new_request_joins_a_row_that_all_have_left_but_that_still_waits(
    gated: Gated,
) -> None:
    lane, batcher = gated
    gone = await enqueue(batcher, 1, 2)
    await leave(gone)
    wanted = await enqueue(batcher, 2)
    lane.let_through()
    assert numbers(await wanted) == [2]
    assert lane.batches == [[0], [2]]
    assert batcher.queued_images == 0


async def test_rows_that_are_joined_need_no_room(gated: Gated) -> None:
    lane, batcher = gated
    full = await enqueue(batcher, *range(1, 101))
    joined = await enqueue(batcher, *range(51, 101))
    lane.let_through()
    assert numbers(await full) == list(range(1, 101))
    assert numbers(await joined) == list(range(51, 101))


@pytest.mark.parametrize("number", [1000, 1001])
async def test_a_failing_batch_fails_all_that_share_it(
    failing: tuple[FailingLane, Batcher], number: int
) -> None:
    lane, batcher = failing
    sharing = [await enqueue(batcher, number), await enqueue(batcher, number)]
    lane.let_through(1)
    await lane.wait_until_entered()
    sharing.append(await enqueue(batcher, number, 1))  # joins it while it runs
    lane.let_through()
    for task in sharing:
        with pytest.raises(GeneratorFailed):
            await task
    assert numbers(await batcher.submit(rows(1))) == [1]
    assert batcher._rows == {}


async def test_rows_of_one_whose_other_rows_failed_run_for_the_others(
    failing: tuple[FailingLane, Batcher],
) -> None:
    lane, batcher = failing
    owner = await enqueue(batcher, 1000, *range(1, 21))
    sharer = await enqueue(batcher, 20)
    lane.let_through()
    with pytest.raises(GeneratorFailed):
        await owner
    assert numbers(await sharer) == [20]
    assert len(lane.batches[1]) == 8
    assert lane.batches[2:] == [[20]]


async def test_rows_shared_and_dropped_are_counted() -> None:
    lane, metrics = GatedLane(), Metrics()

    def count(name: str) -> float | None:
        return metrics.registry.get_sample_value(f"ganloom_{name}_rows_total", {"model": "echo"})

    async with held_in_a_batch(lane, metrics) as batcher:
        assert (count("coalesced"), count("dropped")) == (0, 0)
        stays = await enqueue(batcher, 0, 1, 2, 2)  # one that runs, and one of its own
        goes = await enqueue(batcher, 2, 3, 4)
        await leave(goes)
        lane.let_through()
        await stays
        assert (count("coalesced"), count("dropped")) == (3, 2)

"""The contract at the top of app/batching.py, line by line. Nothing here waits for a clock."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from app.batching import Batcher, RenderedRows, _BatchCost
from app.errors import GeneratorFailed, NotReady, Overloaded
from app.metrics import Metrics
from model.latents import Latents

LIMIT_S = 20


def rows(*numbers: int) -> Latents:
    return Latents(np.array(numbers, np.float32)[:, None])


def numbers(rendered: RenderedRows) -> list[int]:
    """Read back what the echo generator painted."""
    high, low = np.moveaxis(rendered.pixels[:, 0, 0].astype(int), -1, 0)
    return [int(number) for number in high * 256 + low]


class EchoGenerator:
    """Paints each row's own z, so that a swapped or doubled row is seen."""

    batch_shapes = (1, 2, 4, 8)

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def generate_pixels(self, latents: Latents) -> NDArray[np.uint8]:
        seen = latents.z[:, 0].astype(int)
        self.batches.append(seen.tolist())
        return np.stack([seen // 256, seen % 256], axis=-1).astype(np.uint8)[:, None, None]


class GatedGenerator(EchoGenerator):
    """Stops before each batch until it is let through."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)

    def generate_pixels(self, latents: Latents) -> NDArray[np.uint8]:
        self.entered.release()
        assert self.gate.acquire(timeout=LIMIT_S)
        return super().generate_pixels(latents)

    def wait_until_entered(self) -> None:
        assert self.entered.acquire(timeout=LIMIT_S)

    def let_through(self, batches: int = 1000) -> None:
        self.gate.release(batches)


class FailingGenerator(GatedGenerator):
    """Fails on a batch that holds a row from 1000 on, in the way that the row says."""

    def generate_pixels(self, latents: Latents) -> NDArray[np.uint8]:
        pixels = super().generate_pixels(latents)
        if 1000 in latents.z:
            raise RuntimeError("out of memory")
        if 1001 in latents.z:
            return pixels[1:]
        if 1002 in latents.z:
            raise SystemExit
        return pixels


def make_batcher(generator: EchoGenerator, capacity: int = 100) -> Batcher:
    batcher = Batcher(generator, capacity, Metrics().for_model("echo"))
    batcher.start()
    return batcher


@pytest.fixture
def echo() -> Iterator[tuple[EchoGenerator, Batcher]]:
    generator = EchoGenerator()
    batcher = make_batcher(generator, 2000)
    yield generator, batcher
    batcher.close(LIMIT_S)


@pytest.fixture
def gated() -> Iterator[tuple[GatedGenerator, Batcher]]:
    """A batcher whose worker is held in a batch of the single row 0."""
    generator = GatedGenerator()
    batcher = make_batcher(generator)
    batcher.enqueue(rows(0))
    generator.wait_until_entered()
    yield generator, batcher
    generator.let_through()
    batcher.close(LIMIT_S)


@pytest.fixture
def failing() -> Iterator[tuple[FailingGenerator, Batcher]]:
    """The same, with the generator that fails."""
    generator = FailingGenerator()
    batcher = make_batcher(generator)
    batcher.enqueue(rows(0))
    generator.wait_until_entered()
    yield generator, batcher
    generator.let_through()
    batcher.close(LIMIT_S)


def test_each_request_gets_its_own_rows_in_order(echo: tuple[EchoGenerator, Batcher]) -> None:
    _, batcher = echo
    asked = [list(range(first, first + 1 + first % 13)) for first in range(0, 60000, 97)]

    def ask(wanted: list[int]) -> list[int]:
        return numbers(batcher.enqueue(rows(*wanted)).result(LIMIT_S))

    with ThreadPoolExecutor(16) as clients:
        assert list(clients.map(ask, asked)) == asked


def test_a_lone_request_is_sent_at_once(echo: tuple[EchoGenerator, Batcher]) -> None:
    generator, batcher = echo
    rendered = batcher.enqueue(rows(5)).result(LIMIT_S)
    assert generator.batches == [[5]]
    assert rendered.batch_images == 1


def test_what_waits_is_merged_into_one_batch(gated: tuple[GatedGenerator, Batcher]) -> None:
    generator, batcher = gated
    futures = [batcher.enqueue(rows(1, 2)), batcher.enqueue(rows(3)), batcher.enqueue(rows(4))]
    generator.let_through()
    assert [numbers(future.result(LIMIT_S)) for future in futures] == [[1, 2], [3], [4]]
    assert generator.batches == [[0], [1, 2, 3, 4]]
    assert futures[0].result().batch_images == 4


def test_a_long_request_is_split_and_comes_back_whole(
    echo: tuple[EchoGenerator, Batcher],
) -> None:
    generator, batcher = echo
    assert numbers(batcher.enqueue(rows(*range(20))).result(LIMIT_S)) == list(range(20))
    assert [len(batch) for batch in generator.batches] == [8, 8, 4]


def test_a_short_request_does_not_wait_for_a_long_one(
    gated: tuple[GatedGenerator, Batcher],
) -> None:
    generator, batcher = gated
    long = batcher.enqueue(rows(*range(100, 150)))
    short = batcher.enqueue(rows(1))
    generator.let_through(2)
    assert numbers(short.result(LIMIT_S)) == [1]
    generator.wait_until_entered()  # the second batch
    generator.wait_until_entered()  # the third, held
    assert generator.batches == [[0], [*range(100, 107), 1]]
    assert not long.done()
    generator.let_through()
    assert numbers(long.result(LIMIT_S)) == list(range(100, 150))


def test_more_requests_than_a_batch_holds_go_in_order_of_arrival(
    gated: tuple[GatedGenerator, Batcher],
) -> None:
    generator, batcher = gated
    futures = [batcher.enqueue(rows(number)) for number in range(1, 13)]
    generator.let_through()
    assert [numbers(future.result(LIMIT_S)) for future in futures] == [[n] for n in range(1, 13)]
    assert generator.batches == [[0], list(range(1, 9)), list(range(9, 13))]


def test_a_full_queue_is_refused_in_images_and_keeps_what_it_holds(
    gated: tuple[GatedGenerator, Batcher],
) -> None:
    generator, batcher = gated
    held = batcher.enqueue(rows(*range(95)))
    last = batcher.enqueue(rows(*range(5)))
    assert batcher.queued_images == 100
    with pytest.raises(Overloaded) as refusal:
        batcher.enqueue(rows(1))
    assert refusal.value.retry_after_s >= 1
    generator.let_through()
    assert numbers(held.result(LIMIT_S)) == list(range(95))
    assert numbers(last.result(LIMIT_S)) == list(range(5))
    assert batcher.queued_images == 0


def test_a_request_nobody_waits_for_is_not_run_and_leaves_room(
    gated: tuple[GatedGenerator, Batcher],
) -> None:
    generator, batcher = gated
    abandoned = batcher.enqueue(rows(*range(100)))
    assert abandoned.cancel()
    wanted = batcher.enqueue(rows(7))
    generator.let_through()
    assert numbers(wanted.result(LIMIT_S)) == [7]
    assert generator.batches == [[0], [7]]


def test_a_request_abandoned_half_way_runs_no_further(
    gated: tuple[GatedGenerator, Batcher],
) -> None:
    generator, batcher = gated
    abandoned = batcher.enqueue(rows(*range(50)))
    generator.let_through(1)
    generator.wait_until_entered()  # its first 8 rows are running
    assert abandoned.cancel()
    wanted = batcher.enqueue(rows(99))
    generator.let_through()
    assert numbers(wanted.result(LIMIT_S)) == [99]
    assert generator.batches == [[0], list(range(8)), [99]]
    assert batcher.is_alive


@pytest.mark.parametrize("number", [1000, 1001])
def test_a_failing_batch_fails_only_its_own_requests(
    failing: tuple[FailingGenerator, Batcher], number: int
) -> None:
    generator, batcher = failing
    together = [batcher.enqueue(rows(number, 1, 2, 3)), batcher.enqueue(rows(4, 5, 6, 7))]
    later = batcher.enqueue(rows(*[8] * 5))  # gets two rows of that batch, or none
    generator.let_through(2)
    for future in together:
        with pytest.raises(GeneratorFailed):
            future.result(LIMIT_S)
    apart = batcher.enqueue(rows(9))
    generator.let_through()
    assert numbers(apart.result(LIMIT_S)) == [9]
    assert isinstance(later.exception(LIMIT_S), GeneratorFailed | None)
    assert batcher.queued_images == 0


def test_a_split_request_that_fails_is_not_run_further(
    failing: tuple[FailingGenerator, Batcher],
) -> None:
    generator, batcher = failing
    split = batcher.enqueue(rows(1000, *range(30)))
    generator.let_through()
    with pytest.raises(GeneratorFailed):
        split.result(LIMIT_S)
    assert numbers(batcher.enqueue(rows(5)).result(LIMIT_S)) == [5]
    assert len(generator.batches) == 3


def test_a_dead_worker_shows_and_leaves_nobody_waiting(
    failing: tuple[FailingGenerator, Batcher],
) -> None:
    generator, batcher = failing
    futures = [batcher.enqueue(rows(1002)), *(batcher.enqueue(rows(n)) for n in range(20))]
    generator.let_through()
    for future in futures:
        with pytest.raises(NotReady):
            future.result(LIMIT_S)
    batcher._worker.join(LIMIT_S)
    assert not batcher.is_alive
    with pytest.raises(NotReady):
        batcher.enqueue(rows(1))


def test_close_finishes_what_waits(gated: tuple[GatedGenerator, Batcher]) -> None:
    generator, batcher = gated
    futures = [batcher.enqueue(rows(number, number + 1)) for number in range(1, 20)]
    generator.let_through()
    batcher.close(LIMIT_S)
    assert [numbers(future.result(0)) for future in futures] == [[n, n + 1] for n in range(1, 20)]
    assert not batcher.is_alive


def test_close_fails_what_a_stuck_generator_leaves(
    gated: tuple[GatedGenerator, Batcher],
) -> None:
    generator, batcher = gated
    running = batcher.enqueue(rows(1))
    generator.let_through(1)
    generator.wait_until_entered()
    waiting: list[Future[RenderedRows]] = [batcher.enqueue(rows(number)) for number in (2, 3)]
    batcher.close(0)
    for future in (running, *waiting):
        with pytest.raises(NotReady):
            future.result(0)
    generator.let_through()
    batcher._worker.join(LIMIT_S)
    assert generator.batches == [[0], [1]]


def test_a_closed_batcher_takes_nothing(echo: tuple[EchoGenerator, Batcher]) -> None:
    _, batcher = echo
    batcher.close(LIMIT_S)
    with pytest.raises(NotReady):
        batcher.enqueue(rows(1))
    batcher.close(LIMIT_S)


def test_a_batcher_that_never_started_closes() -> None:
    batcher = Batcher(EchoGenerator(), 10, Metrics().for_model("echo"))
    with pytest.raises(NotReady):
        batcher.enqueue(rows(1))
    batcher.close(0)


@pytest.mark.anyio
async def test_a_cancelled_caller_takes_its_rows_along(
    gated: tuple[GatedGenerator, Batcher],
) -> None:
    generator, batcher = gated
    caller = asyncio.create_task(batcher.submit(rows(1)))
    await asyncio.sleep(0)  # lets it queue
    assert batcher.queued_images == 1
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    generator.let_through()
    assert numbers(await batcher.submit(rows(2))) == [2]
    assert generator.batches == [[0], [2]]


@pytest.mark.anyio
async def test_a_check_runs_on_the_worker_before_the_next_batch(
    gated: tuple[GatedGenerator, Batcher],
) -> None:
    generator, batcher = gated
    waiting = batcher.enqueue(rows(1))
    seen: list[tuple[str, int]] = []

    def check() -> None:
        seen.append((threading.current_thread().name, len(generator.batches)))

    task = asyncio.create_task(batcher.run_check(check))
    await asyncio.sleep(0)
    generator.let_through()
    await task
    assert seen == [("batcher", 1)]
    assert numbers(waiting.result(LIMIT_S)) == [1]


@pytest.mark.anyio
async def test_a_failing_check_fails_nothing_else(echo: tuple[EchoGenerator, Batcher]) -> None:
    _, batcher = echo

    def check() -> None:
        raise RuntimeError("wrong pixels")

    with pytest.raises(RuntimeError, match="wrong pixels"):
        await batcher.run_check(check)
    assert numbers(await batcher.submit(rows(3))) == [3]


@pytest.mark.parametrize("shapes", [[1, 8, 4, 2], [1, 1, 8], [3]])
def test_the_cost_of_a_queue_follows_from_the_batches_seen(shapes: list[int]) -> None:
    cost = _BatchCost()
    assert cost.seconds_for(100, 8) == 0
    for n in shapes:
        cost.observe(n, 0.5 * n + 2)
    if len(set(shapes)) > 1:
        assert cost.seconds_for(16, 8) == pytest.approx(0.5 * 16 + 2 * 2)
    else:  # one size says nothing about the rest
        assert cost.seconds_for(6, 3) == pytest.approx(2 * 3.5)

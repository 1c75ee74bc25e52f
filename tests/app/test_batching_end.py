"""How a batcher ends, and how its callers and checks do: nobody is left waiting."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

import numpy as np
import pytest

from app.batching import Batcher, RenderedRows
from app.errors import GeneratorFailed, NotReady
from app.metrics import Metrics
from model.latents import Latents
from tests.app.echo_generators import (
    LIMIT_S,
    EchoGenerator,
    FailingGenerator,
    GatedGenerator,
    numbers,
    rows,
)


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


@pytest.mark.anyio
async def test_a_check_that_kills_the_worker_leaves_nobody_waiting(
    gated: tuple[GatedGenerator, Batcher],
) -> None:
    generator, batcher = gated
    waiting = batcher.enqueue(rows(1))

    def check() -> None:
        raise SystemExit

    checking = asyncio.create_task(batcher.run_check(check))
    await asyncio.sleep(0)
    generator.let_through()
    for pending in (checking, asyncio.wrap_future(waiting)):
        with pytest.raises(NotReady):
            await pending


def test_rows_that_do_not_fit_together_do_not_kill_the_worker(
    gated: tuple[GatedGenerator, Batcher],
) -> None:
    generator, batcher = gated
    odd = [batcher.enqueue(rows(1)), batcher.enqueue(Latents(np.zeros((1, 3), np.float32)))]
    generator.let_through()
    for future in odd:
        with pytest.raises(GeneratorFailed):
            future.result(LIMIT_S)
    assert numbers(batcher.enqueue(rows(2)).result(LIMIT_S)) == [2]

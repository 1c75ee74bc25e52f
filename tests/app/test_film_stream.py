"""Claims on a film that is rendered while it is read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from app.batching import Batcher
from app.errors import GeneratorFailed, Overloaded
from app.film_stream import FilmFrames, FilmStream
from app.lanes import Payload
from tests.app.echo_lanes import (
    EchoLane,
    FailingLane,
    GatedLane,
    batching,
    number_of,
    rows,
    until,
)

pytestmark = pytest.mark.anyio

COUNT = 300


class NumberWriter:
    """Writes the number that each frame shows."""

    def write(self, frames: Sequence[Payload]) -> bytes:
        return b"".join(b"%d " % number_of(frame) for frame in frames)

    def close(self) -> bytes:
        return b"end"


async def run_here(work: Callable[[], bytes]) -> bytes:
    return work()


def film(
    batcher: Batcher,
    count: int = COUNT,
    work: Callable[[Callable[[], bytes]], Awaitable[bytes]] = run_here,
) -> FilmStream:
    frames = FilmFrames(rows(*range(count)), None, 64 * 64)
    return FilmStream(frames, batcher, NumberWriter(), work, limit_s=20)


async def test_every_frame_comes_once_and_in_order(echo: tuple[EchoLane, Batcher]) -> None:
    stream = film(echo[1])
    await stream.start()
    body = b"".join([chunk async for chunk in stream.chunks()])
    assert body.split() == [b"%d" % number for number in range(COUNT)] + [b"end"]


async def test_the_first_frames_come_before_the_others_are_rendered(
    echo: tuple[EchoLane, Batcher],
) -> None:
    lane, batcher = echo
    stream = film(batcher)
    await stream.start()
    assert sum(map(len, lane.batches)) <= 4
    assert (await anext(stream.chunks())).split()[0] == b"0"
    await stream.aclose()


async def test_a_reader_that_is_slow_stops_the_rendering(echo: tuple[EchoLane, Batcher]) -> None:
    lane, batcher = echo
    stream = film(batcher)
    await stream.start()
    chunks = stream.chunks()
    await anext(chunks)
    await anext(chunks)
    for _ in range(1000):  # as many turns as the rest of the film would need
        await asyncio.sleep(0)
    assert sum(map(len, lane.batches)) <= 4 + 3 * 32
    assert batcher.queued_images == 0
    await stream.aclose()


async def test_a_reader_that_leaves_takes_its_frames_along(
    gated: tuple[GatedLane, Batcher],
) -> None:
    lane, batcher = gated
    start = asyncio.create_task(film(batcher).start())
    await until(lambda: batcher.queued_images > 0)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    lane.let_through()
    await until(lambda: batcher.has_room() and batcher.queued_images == 0)
    assert sum(map(len, lane.batches)) == 1  # what ran before


async def test_a_full_queue_refuses_a_film_that_has_not_begun_and_delays_one_that_has() -> None:
    lane = GatedLane()
    async with batching(lane, capacity=1) as batcher:
        lane.let_through(1)
        begun = film(batcher)
        await begun.start()
        await until(lambda: not batcher.has_room())
        with pytest.raises(Overloaded):
            await film(batcher).start()
        lane.let_through()
        assert (await _read(begun)).endswith(b"299 end")


async def _read(stream: FilmStream) -> bytes:
    return b"".join([chunk async for chunk in stream.chunks()])


async def test_a_frame_that_fails_ends_the_film(failing: tuple[FailingLane, Batcher]) -> None:
    lane, batcher = failing
    lane.let_through()
    stream = film(batcher, count=1001)
    await stream.start()
    with pytest.raises(GeneratorFailed):
        await _read(stream)
    assert batcher.is_alive
    assert batcher.queued_images == 0


async def test_large_frames_come_in_small_slices() -> None:
    slices = FilmFrames(rows(*range(9)), None, 2**19).split()
    assert [len(part) for part in slices] == [2, 2, 2, 2, 1]
    assert [len(p) for p in FilmFrames(rows(*range(3)), None, 2**30).split()] == [1, 1, 1]
    assert [len(p) for p in FilmFrames(rows(*range(40)), None, 1).split()] == [2, 32, 6]

"""A real socket pair; the test is the other end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from app.framing import frame
from app.lane_connection import LaneConnection, LaneError, connect_lane
from tests.app.echo_lanes import LIMIT_S, until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ends() -> AsyncIterator[tuple[LaneConnection, socket.socket]]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    connection = await connect_lane(ours)
    yield connection, theirs
    connection.close()
    theirs.close()


async def begin_to_ask(
    ends: tuple[LaneConnection, socket.socket], message: bytes
) -> asyncio.Task[memoryview]:
    """Ask, and let the other end hear the message and nothing else."""
    connection, theirs = ends
    answer = asyncio.create_task(connection.ask(message))
    assert await asyncio.get_running_loop().sock_recv(theirs, 2**16) == frame(message)
    return answer


async def say(theirs: socket.socket, data: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(theirs, data)


@pytest.mark.parametrize("pieces", [1, 2, 3, 7, 9])
async def test_an_answer_in_pieces_is_put_together(
    ends: tuple[LaneConnection, socket.socket], pieces: int
) -> None:
    _, theirs = ends
    answer = await begin_to_ask(ends, b"what")
    data = frame(b"hello")
    for piece in range(pieces):
        await say(theirs, data[len(data) * piece // pieces : len(data) * (piece + 1) // pieces])
        await asyncio.sleep(0.001)
        assert answer.done() == (piece == pieces - 1)
    assert bytes(await answer) == b"hello"


async def test_answers_of_any_length_follow_each_other(
    ends: tuple[LaneConnection, socket.socket],
) -> None:
    _, theirs = ends
    for length in (0, 1, 2**16 - 4, 2**16 - 3, 2**16, 10**6, 3, 10**6, 2 * 10**6):
        expected = bytes([length % 251]) * length
        answer = await begin_to_ask(ends, b"next")
        await say(theirs, frame(expected))
        assert await asyncio.wait_for(answer, LIMIT_S) == expected


async def test_whoever_waits_when_the_other_end_goes_is_told(
    ends: tuple[LaneConnection, socket.socket],
) -> None:
    connection, theirs = ends
    answer = await begin_to_ask(ends, b"what")
    await say(theirs, frame(b"hello")[:6])
    theirs.close()
    with pytest.raises(LaneError, match="ended"):
        await asyncio.wait_for(answer, LIMIT_S)
    assert connection.has_ended
    with pytest.raises(LaneError, match="ended"):
        await connection.ask(b"again")


async def test_an_end_is_seen_though_nobody_asks(
    ends: tuple[LaneConnection, socket.socket],
) -> None:
    connection, theirs = ends
    theirs.close()
    await until(lambda: connection.has_ended)


async def test_the_answer_to_a_question_given_up_is_never_taken_for_anothers(
    ends: tuple[LaneConnection, socket.socket],
) -> None:
    connection, theirs = ends
    given_up = await begin_to_ask(ends, b"first")
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    await say(theirs, frame(b"the first answer"))
    with pytest.raises(LaneError, match="ended"):
        await connection.ask(b"second")

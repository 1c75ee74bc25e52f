from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from app.joined_writes import JoinedWrites
from tests.app.asgi_server import REQUEST, connected
from tests.app.echo_lanes import LIMIT_S

pytestmark = pytest.mark.anyio


class WatchedWrites(JoinedWrites):
    """Notes what is handed to the real transport."""

    written: list[bytes]

    # uvicorn, too, takes a Transport where asyncio's protocol has any BaseTransport.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        joining: Any = self.transport
        real, written = joining._transport, self.written

        class Watched:
            def write(self, data: bytes) -> None:
                written.append(bytes(data))
                real.write(data)

            def __getattr__(self, name: str) -> Any:
                return getattr(real, name)

        joining._transport = Watched()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    pieces: list[bytes] = []
    monkeypatch.setattr(WatchedWrites, "written", pieces, raising=False)
    return pieces


async def read_answer(reader: asyncio.StreamReader, length: int) -> bytes:
    await reader.readuntil(b"\r\n\r\n")
    return await reader.readexactly(length)


async def test_a_head_and_a_short_body_are_one_write(written: list[bytes]) -> None:
    body = b"HTTP/1.1 is how this body begins"
    async with connected(Response(body), WatchedWrites) as (reader, writer):
        for _ in range(3):
            writer.write(REQUEST)
            async with asyncio.timeout(LIMIT_S):
                assert await read_answer(reader, len(body)) == body
    assert len(written) == 3
    assert all(piece.endswith(b"\r\n\r\n" + body) for piece in written)


async def test_a_long_body_is_not_copied_behind_its_head(written: list[bytes]) -> None:
    body = bytes(2**16 + 1)
    async with connected(Response(body), WatchedWrites) as (reader, writer):
        writer.write(REQUEST)
        async with asyncio.timeout(LIMIT_S):
            assert await read_answer(reader, len(body)) == body
    assert [piece.endswith(b"\r\n\r\n") for piece in written] == [True, False]


async def test_a_head_does_not_wait_for_a_body_that_takes_its_time(written: list[bytes]) -> None:
    goes_on = asyncio.Event()

    async def slowly(scope: Scope, receive: Receive, send: Send) -> None:
        async def parts() -> Any:
            await goes_on.wait()
            yield b"at last"

        await StreamingResponse(parts())(scope, receive, send)

    async with connected(slowly, WatchedWrites) as (reader, writer), asyncio.timeout(LIMIT_S):
        writer.write(REQUEST)
        assert b" 200 OK" in await reader.readuntil(b"\r\n\r\n")
        goes_on.set()
        assert b"at last" in await reader.readuntil(b"0\r\n\r\n")
    assert len(written) == 3


async def test_a_head_alone_is_sent_before_the_connection_closes(written: list[bytes]) -> None:
    closing = REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    async with connected(Response(status_code=204), WatchedWrites) as (reader, writer):
        writer.write(closing)
        async with asyncio.timeout(LIMIT_S):
            assert b" 204 " in await reader.read()
    assert len(written) == 1

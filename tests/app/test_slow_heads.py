from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from functools import partial

import pytest
import uvicorn
from starlette.responses import Response

from app.slow_heads import PromptHeads
from tests.app.echo_lanes import LIMIT_S, until

pytestmark = pytest.mark.anyio

_REQUEST = b"GET / HTTP/1.1\r\nHost: ganloom\r\n\r\n"


@contextlib.asynccontextmanager
async def connected(
    head_limit_s: float,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config = uvicorn.Config(
        Response(status_code=204),
        http=partial(PromptHeads, head_limit_s),  # type: ignore[arg-type]
        lifespan="off",
        log_level="error",
        access_log=False,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await until(lambda: server.started)
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        try:
            yield reader, writer
        finally:
            writer.close()
            server.should_exit = True
            await serving


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: gan"])
async def test_connection_without_a_whole_head_is_closed(sent: bytes) -> None:
    async with connected(head_limit_s=0.05) as (reader, writer), asyncio.timeout(LIMIT_S):
        writer.write(sent)
        assert await reader.read() == b""


async def test_second_head_that_stalls_is_closed_too() -> None:
    async with connected(head_limit_s=0.05) as (reader, writer), asyncio.timeout(LIMIT_S):
        writer.write(_REQUEST + _REQUEST[:-2])
        assert (await reader.read()).count(b" 204 ") == 1


async def test_whole_heads_outlive_the_limit() -> None:
    async with connected(head_limit_s=0.05) as (reader, writer), asyncio.timeout(LIMIT_S):
        writer.write(_REQUEST)
        await reader.readuntil(b"\r\n\r\n")
        # Had a timer been left, it would be due before this one, which was set later.
        waited = asyncio.Event()
        asyncio.get_running_loop().call_later(0.1, waited.set)
        await waited.wait()
        writer.write(_REQUEST)
        assert b" 204 " in await reader.readuntil(b"\r\n\r\n")

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from functools import partial

import pytest
from starlette.responses import Response

from app.slow_heads import PromptHeads
from tests.app.asgi_server import REQUEST, Connection
from tests.app.asgi_server import connected as serve
from tests.app.echo_lanes import LIMIT_S

pytestmark = pytest.mark.anyio


def connected(head_limit_s: float) -> AbstractAsyncContextManager[Connection]:
    return serve(Response(status_code=204), partial(PromptHeads, head_limit_s))


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: gan"])
async def test_connection_without_a_whole_head_is_closed(sent: bytes) -> None:
    async with connected(head_limit_s=0.05) as (reader, writer), asyncio.timeout(LIMIT_S):
        writer.write(sent)
        assert await reader.read() == b""


async def test_second_head_that_stalls_is_closed_too() -> None:
    async with connected(head_limit_s=0.05) as (reader, writer), asyncio.timeout(LIMIT_S):
        writer.write(REQUEST + REQUEST[:-2])
        assert (await reader.read()).count(b" 204 ") == 1


async def test_whole_heads_outlive_the_limit() -> None:
    async with connected(head_limit_s=0.05) as (reader, writer), asyncio.timeout(LIMIT_S):
        writer.write(REQUEST)
        await reader.readuntil(b"\r\n\r\n")
        # Had a timer been left, it would be due before this one, which was set later.
        waited = asyncio.Event()
        asyncio.get_running_loop().call_later(0.1, waited.set)
        await waited.wait()
        writer.write(REQUEST)
        assert b" 204 " in await reader.readuntil(b"\r\n\r\n")

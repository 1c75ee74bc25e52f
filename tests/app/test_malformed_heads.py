from __future__ import annotations

import asyncio
import json

import pytest
from starlette.responses import Response

from app.malformed_heads import MalformedHeads
from tests.app.asgi_server import connected
from tests.app.echo_lanes import LIMIT_S

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"GET /?x=" + b"x" * 2**16 + b" HTTP/1.1\r\nHost: ganloom\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_told_so_in_a_problem_document(sent: bytes) -> None:
    async with connected(Response(b"fine"), MalformedHeads) as (reader, writer):
        writer.write(sent)
        async with asyncio.timeout(LIMIT_S):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    assert "65,535" in json.loads(body)["detail"]

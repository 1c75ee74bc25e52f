"""An ASGI app under uvicorn with a protocol of ours, and a raw connection to it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from tests.app.echo_lanes import until

REQUEST = b"GET / HTTP/1.1\r\nHost: ganloom\r\n\r\n"

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def connected(app: ASGIApp, protocol: Callable[..., Any]) -> AsyncIterator[Connection]:
    """Serve `app` by `protocol` for as long as it is needed, and connect to it."""
    config = uvicorn.Config(
        app,
        http=protocol,  # type: ignore[arg-type]  # called like a class
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

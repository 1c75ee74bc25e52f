"""Work that ends when nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from fastapi import Request

from app.errors import ClientGone

ResultT = TypeVar("ResultT")


async def run_unless_gone(request: Request, work: Awaitable[ResultT]) -> ResultT:
    """Await `work` and return what it returns; cancel it when the client hangs up.

    The body of the request must have been read, or not be wanted. Raises ClientGone.
    """
    task = asyncio.current_task()
    assert task is not None
    watcher = asyncio.create_task(_cancel_when_gone(request, task))
    try:
        return await work
    except asyncio.CancelledError:
        if not watcher.done() or watcher.cancelled():
            raise  # by the server, not by us
        task.uncancel()
        raise ClientGone("The client left before the answer was ready.") from None
    finally:
        watcher.cancel()


async def _cancel_when_gone(request: Request, task: asyncio.Task[object]) -> None:
    """Wait for the client to be gone; a body that nobody asked for is thrown away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    task.cancel()

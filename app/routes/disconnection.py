"""Work that ends when nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from app.errors import ClientGone

ResultT = TypeVar("ResultT")


async def run_unless_gone(request: Request, work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run `work` and return what it returns; cancel it when the client hangs up.

    The body of the request must have been read, or not be wanted. Raises ClientGone.
    """
    task = asyncio.create_task(work)
    watcher = asyncio.create_task(_wait_for_disconnect(request))
    try:
        await asyncio.wait((task, watcher), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGone("The client left before the answer was ready.")
        return task.result()
    finally:
        watcher.cancel()
        task.cancel()


async def _wait_for_disconnect(request: Request) -> None:
    """Return when the client is gone; a body that nobody asked for is thrown away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass

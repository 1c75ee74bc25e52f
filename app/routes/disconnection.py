"""Work that ends when nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from fastapi import Request

from app.departures import find_departure
from app.errors import ClientGone

ResultT = TypeVar("ResultT")


async def run_unless_gone(request: Request, work: Awaitable[ResultT]) -> ResultT:
    """Await `work` and return what it returns; cancel it when the client hangs up.

    The body of the request must have been read, or not be wanted. Raises ClientGone.
    """
    if departure := find_departure(request.scope):
        return await _run_until(departure, work)
    watcher = asyncio.create_task(_wait_until_gone(request))  # for a server other than ours
    try:
        return await _run_until(watcher, work)
    finally:
        watcher.cancel()


async def _run_until(departure: asyncio.Future[None], work: Awaitable[ResultT]) -> ResultT:
    task = asyncio.current_task()
    assert task is not None
    is_working, has_gone = True, False

    def leave(_: asyncio.Future[None]) -> None:
        nonlocal has_gone
        if is_working:  # else this was on its way when the work was done
            has_gone = True
            task.cancel()

    departure.add_done_callback(leave)
    try:
        return await work
    except asyncio.CancelledError:
        if not has_gone:
            raise  # by the server, not by us
        task.uncancel()
        raise ClientGone("The client left before the answer was ready.") from None
    finally:
        is_working = False
        departure.remove_done_callback(leave)


async def _wait_until_gone(request: Request) -> None:
    """Wait for the client to be gone; a body that nobody asked for is thrown away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass

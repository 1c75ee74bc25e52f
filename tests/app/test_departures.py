from __future__ import annotations

import asyncio

import pytest
from fastapi import Request
from starlette.types import Receive, Scope, Send

from app.departures import Departures, find_departure
from app.errors import ClientGone
from app.routes.disconnection import run_unless_gone
from tests.app.asgi_server import REQUEST, connected
from tests.app.echo_lanes import LIMIT_S

pytestmark = pytest.mark.anyio


class Worker:
    """An app whose work never ends by itself, and that says how it did end."""

    def __init__(self) -> None:
        self.has_begun = asyncio.Event()
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        assert find_departure(scope) is not None
        try:
            await run_unless_gone(Request(scope, receive), self._work())
        except ClientGone:
            self.ended.set_result("gone")
        except asyncio.CancelledError:
            self.ended.set_result("cancelled")

    async def _work(self) -> None:
        self.has_begun.set()
        await asyncio.Event().wait()


async def test_work_ends_when_its_client_hangs_up() -> None:
    worker = Worker()
    async with connected(worker, Departures) as (_, writer), asyncio.timeout(LIMIT_S):
        writer.write(REQUEST)
        await worker.has_begun.wait()
        writer.close()
        assert await worker.ended == "gone"


@pytest.mark.parametrize("is_ours", [True, False])
async def test_work_cancelled_by_the_server_is_not_taken_for_a_departure(is_ours: bool) -> None:
    loop = asyncio.get_running_loop()
    departure = {"ganloom.departure": loop.create_future()} if is_ours else {}
    never = asyncio.Event()

    async def receive() -> dict[str, str]:
        await never.wait()
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "extensions": departure}, receive)
    task = asyncio.create_task(run_unless_gone(request, never.wait()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_client_that_leaves_as_the_work_ends_disturbs_nothing() -> None:
    loop = asyncio.get_running_loop()
    departure = loop.create_future()

    async def receive() -> dict[str, str]:
        raise AssertionError("nobody asks where the server tells")

    async def leave_at_the_end() -> str:
        departure.set_result(None)
        return "done"

    request = Request({"type": "http", "extensions": {"ganloom.departure": departure}}, receive)

    async def answer() -> str:
        result = await run_unless_gone(request, leave_at_the_end())
        for _ in range(3):
            await asyncio.sleep(0)
        return result

    assert await asyncio.create_task(answer()) == "done"

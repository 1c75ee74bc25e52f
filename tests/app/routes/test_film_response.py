"""Claims on a film on its way to a client."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from app.routes import film_response
from tests.app.echo_lanes import LIMIT_S, until
from tests.app.faulty_service import Setup, Start

pytestmark = pytest.mark.anyio

Message = MutableMapping[str, Any]
STEPS = 100


class Reader:
    """A client at the other end of ASGI that reads as slowly as it is told to."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.messages: list[Message] = []
        self.is_reading = asyncio.Event()
        self.is_gone = asyncio.Event()
        self.is_reading.set()

    async def read(self) -> None:
        query = f"start=1&end=2&steps={STEPS}&format=apng".encode()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "path": "/interpolate",
            "raw_path": b"/interpolate",
            "query_string": query,
            "headers": [],
            "scheme": "http",
            "server": ("ganloom", 80),
            "client": ("reader", 1),
            "root_path": "",
        }
        await self.setup.app(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        await self.is_gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.messages.append(message)
        if message.get("body"):
            await self.is_reading.wait()

    @property
    def is_whole(self) -> bool:
        return self.messages[-1].get("more_body") is None and len(self.messages) > 1


async def test_a_film_is_sent_in_parts_that_begin_before_it_is_rendered(start: Start) -> None:
    async with start(max_steps=512) as setup:
        reader = Reader(setup)
        reader.is_reading.clear()
        task = asyncio.create_task(reader.read())
        await until(lambda: len(reader.messages) == 2)
        assert sum(setup.engine.batches) < STEPS
        reader.is_reading.set()
        await task
        assert reader.is_whole
        assert sum(setup.engine.batches) == STEPS


async def test_a_client_that_leaves_stops_the_rendering(start: Start) -> None:
    async with start(max_steps=512) as setup:
        reader = Reader(setup)
        reader.is_reading.clear()
        task = asyncio.create_task(reader.read())
        await until(lambda: len(reader.messages) == 2)
        reader.is_gone.set()
        await asyncio.wait_for(task, LIMIT_S)
        await until(lambda: setup.batcher.queued_images == 0)
        assert not reader.is_whole
        assert (await setup.ask()).status_code == 200
        assert sum(setup.engine.batches) < STEPS


async def test_a_client_that_reads_nothing_is_left(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_response, "_MAX_STALL_S", 0.01)
    async with start(max_steps=512) as setup:
        reader = Reader(setup)
        reader.is_reading.clear()
        await asyncio.wait_for(reader.read(), LIMIT_S)
        assert not reader.is_whole


async def test_a_film_that_fails_is_left_without_its_end(start: Start) -> None:
    async with start(max_steps=512) as setup:
        reader = Reader(setup)
        reader.is_reading.clear()
        task = asyncio.create_task(reader.read())
        await until(lambda: len(reader.messages) == 2)
        setup.engine.failure = RuntimeError("out of memory")
        reader.is_reading.set()
        await asyncio.wait_for(task, LIMIT_S)
        assert not reader.is_whole
        setup.engine.failure = None
        assert (await setup.ask()).status_code == 200


async def test_a_film_whose_first_frames_fail_is_a_problem_document(start: Start) -> None:
    async with start(max_steps=512) as setup:
        setup.engine.failure = RuntimeError("out of memory")
        answer = await setup.client.get("/interpolate?start=1&end=2&steps=9&format=gif")
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"

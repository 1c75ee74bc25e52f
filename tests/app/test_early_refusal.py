from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from functools import partial

import httpx
import pytest
import uvicorn

from app.batching import Batcher
from app.catalog import Catalog, ServedGenerator
from app.early_refusal import EarlyRefusal, RefusalGate
from app.lanes import LocalLane
from app.metrics import Metrics
from app.renderer import Renderer
from tests.app.echo_lanes import LIMIT_S, until
from tests.app.faulty_service import FACTS, FaultyEngine, Setup, Start

pytestmark = pytest.mark.anyio

_BODY = b'{"seed": 7}'
_HEAD = b"POST /generate HTTP/1.1\r\nHost: ganloom\r\nContent-Length: 11\r\n"
_REQUEST = _HEAD + b"\r\n" + _BODY
_CHUNKED = b"POST /generate HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n%b\r\n0\r\n\r\n"


@contextlib.asynccontextmanager
async def listening(setup: Setup) -> AsyncIterator[int]:
    gate = RefusalGate(setup.app.state.service)
    config = uvicorn.Config(
        setup.app,
        http=partial(EarlyRefusal, gate),  # type: ignore[arg-type]
        lifespan="off",
        log_level="error",
        server_header=False,
        access_log=False,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await until(lambda: server.started)
        yield listener.getsockname()[1]
        setup.engine.gate.set()
        server.should_exit = True
        await serving


@contextlib.asynccontextmanager
async def full(start: Start) -> AsyncIterator[tuple[Setup, int]]:
    """Serve over a socket with one request in the engine and a full queue."""
    async with start(queue_capacity=4, max_images=4) as setup, listening(setup) as port:
        setup.engine.gate.clear()
        running = setup.ask()
        await setup.engine.wait_until_entered()
        waiting = setup.ask(seed=10, n=4)
        await until(lambda: setup.batcher.queued_images == 4)
        yield setup, port
        setup.engine.gate.set()
        assert (await running).status_code == 200
        assert (await waiting).status_code == 200


async def answers(port: int, *parts: bytes, count: int = 1) -> list[tuple[int, bytes]]:
    """Send `parts`, each in a segment of its own; return status and body of so many answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(0.02)
        async with asyncio.timeout(LIMIT_S):
            return [await _read_answer(reader) for _ in range(count)]
    finally:
        writer.close()
        await writer.wait_closed()


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(length)


def is_never_asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return what collects each time that a route is reached and asks for room."""
    return _collect(monkeypatch, "require_room")


def is_never_refused_early(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return what collects each time that the protocol asks for room."""
    return _collect(monkeypatch, "require_default_room")


def _collect(monkeypatch: pytest.MonkeyPatch, name: str) -> list[object]:
    asked: list[object] = []
    method = getattr(Renderer, name)

    def ask(self: Renderer, *arguments: int) -> None:
        asked.append(self)
        method(self, *arguments)

    monkeypatch.setattr(Renderer, name, ask)
    return asked


async def test_a_full_queue_is_refused_before_a_route_is_reached(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = is_never_asked(monkeypatch)
    async with full(start) as (_, port):
        before = len(asked)
        for extra in (b"", b"Connection: keep-alive\r\n", b"content-type: application/json\r\n"):
            assert (await answers(port, _HEAD + extra + b"\r\n" + _BODY))[0][0] == 429
        assert len(asked) == before


async def test_the_refusal_is_the_one_that_the_route_gives(start: Start) -> None:
    async with full(start) as (setup, port):
        early = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}")
        async with early:
            seen = await early.post("/generate", json={"seed": 7})
        expected = await setup.ask(seed=7)
        assert seen.status_code == expected.status_code == 429
        assert seen.content == expected.content
        assert seen.http_version == "HTTP/1.1"
        assert seen.headers.pop("date")
        assert dict(seen.headers) == dict(expected.headers)


_LENGTH = b"Content-Length: 11\r\n"
_START = b"POST /generate HTTP/1.1\r\nHost: ganloom\r\n"
# What some parser reads otherwise than another: it is the parser's to refuse.
_MALFORMED = [
    _LENGTH + b"Content-Length: +5\r\n",
    _LENGTH + b"Content-Length : 5\r\n",
    _LENGTH + b"Content-Length:\r\n",
    b"Content-Length: 11, 11\r\n",
    _LENGTH + b" 5\r\n",
    _LENGTH + b"Connection: keep-alive\r\n , close\r\n",
    b" folded: yes\r\n" + _LENGTH,
    _LENGTH + b"X: a\nTransfer-Encoding: chunked\r\n",
    _LENGTH + b"X: a\rTransfer-Encoding: chunked\r\n",
    _LENGTH + b"Transfer-Encoding\x0b: chunked\r\n",
    _LENGTH + b"X: \0\r\n",
    _LENGTH + b"no colon\r\n",
    b"Content-Length: 5\nX: a\r\n" + _LENGTH,
]


@pytest.mark.parametrize("fields", _MALFORMED)
async def test_a_head_that_may_be_read_in_two_ways_is_not_answered_early(
    start: Start, monkeypatch: pytest.MonkeyPatch, fields: bytes
) -> None:
    asked = is_never_refused_early(monkeypatch)
    async with full(start) as (_, port):
        with contextlib.suppress(asyncio.IncompleteReadError):
            await answers(port, _START + fields + b"\r\n" + _BODY)
        assert not asked


@pytest.mark.parametrize(
    "parts",
    [
        (_REQUEST[:40], _REQUEST[40:]),
        (_HEAD + b"\r\n", _BODY),
        (_HEAD + b"Connection: close\r\n\r\n" + _BODY,),
        (_CHUNKED % _BODY,),
    ],
    ids=["cut in its head", "cut before its body", "the last", "chunked"],
)
async def test_what_is_not_plainly_one_request_is_left_to_the_parser(
    start: Start, monkeypatch: pytest.MonkeyPatch, parts: tuple[bytes, ...]
) -> None:
    asked = is_never_asked(monkeypatch)
    async with full(start) as (_, port):
        before = len(asked)
        assert (await answers(port, *parts))[0][0] == 429
        assert len(asked) == before + 1


async def test_requests_in_one_segment_are_answered_in_order(start: Start) -> None:
    async with full(start) as (_, port):
        other = b"GET /livez HTTP/1.1\r\nHost: ganloom\r\n\r\n"
        statuses = [status for status, _ in await answers(port, _REQUEST + other, count=2)]
        assert statuses == [429, 200]
        statuses = [status for status, _ in await answers(port, _REQUEST, other, count=2)]
        assert statuses == [429, 200]


async def test_other_paths_are_answered_while_the_queue_is_full(start: Start) -> None:
    async with full(start) as (_, port):
        ready = b"GET /readyz HTTP/1.1\r\nHost: ganloom\r\n\r\n"
        assert (await answers(port, ready))[0][0] == 200


async def test_a_refusal_is_counted_like_any_answer(start: Start) -> None:
    async with full(start) as (setup, port):
        await answers(port, _REQUEST)
        text = (await setup.client.get("/metrics")).text
        assert 'ganloom_requests_total{route="/generate",status="429"} 1.0' in text
        assert 'ganloom_refused_requests_total{model="faulty",reason="queue_full"} 1.0' in text


async def test_a_connection_is_of_use_after_a_refusal(start: Start) -> None:
    async with full(start) as (setup, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_REQUEST)
        assert (await _read_answer(reader))[0] == 429
        setup.engine.gate.set()
        await until(setup.batcher.has_room)
        writer.write(_REQUEST)
        assert (await _read_answer(reader))[0] == 200
        writer.close()
        await writer.wait_closed()


async def test_a_request_that_names_a_model_is_left_to_the_route(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = is_never_refused_early(monkeypatch)
    async with full(start) as (_, port):
        for body in (b'{"model": "faulty"}', b'{"\\u006dodel": "faulty"}'):
            head = b"Content-Length: %d\r\n\r\n" % len(body)
            assert (await answers(port, _START + head + body))[0][0] == 429
        assert not asked


async def test_another_model_that_is_idle_does_not_open_the_default_one(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = is_never_asked(monkeypatch)
    async with full(start) as (setup, port):
        idle = Batcher([LocalLane(FaultyEngine())], (1,), 4, Metrics().for_model("idle"))
        other = ServedGenerator("idle", setup.checkpoint, FACTS, idle)
        service = setup.app.state.service
        catalog = Catalog([setup.generator, other], "faulty")
        monkeypatch.setattr(service.renderer, "_catalog", catalog)
        before = len(asked)
        assert (await answers(port, _REQUEST))[0][0] == 429
        assert len(asked) == before
        idle.lanes[0].close()


async def test_as_many_are_let_in_in_one_turn_of_the_loop_as_there_is_room_for(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = is_never_asked(monkeypatch)
    async with start(queue_capacity=4, max_images=4) as setup, listening(setup) as port:
        setup.engine.gate.clear()
        running = setup.ask()
        await setup.engine.wait_until_entered()
        before = len(asked)
        pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
        await asyncio.sleep(0.05)
        for number, (_, writer) in enumerate(pairs):  # all before the loop looks at its sockets
            writer.write(_HEAD + b"\r\n" + b'{"seed": %d}' % (number + 1))
        answered = [asyncio.create_task(_read_answer(reader)) for reader, _ in pairs]
        async with asyncio.timeout(LIMIT_S):
            await until(lambda: sum(task.done() for task in answered) == 5)
            assert len(asked) == before + 3
            setup.engine.gate.set()
            statuses = [status for status, _ in await asyncio.gather(*answered)]
        assert sorted(statuses) == [200] * 3 + [429] * 5
        assert (await running).status_code == 200
        for _, writer in pairs:
            writer.close()
            await writer.wait_closed()


async def test_equal_requests_that_need_no_room_are_let_in(start: Start) -> None:
    async with start(queue_capacity=2, max_images=4) as setup, listening(setup) as port:
        setup.engine.gate.clear()
        asked = []
        for _ in range(8):
            asked.append(asyncio.create_task(answers(port, _REQUEST)))
            await asyncio.sleep(0.02)
        setup.engine.gate.set()
        assert [(await task)[0][0] for task in asked] == [200] * 8

"""What a client sees when the device is slow, fails, dies, or the queue is full."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import httpx
import numpy as np
import pytest

from app.main import create_app
from app.settings import Settings
from model.latents import Latents
from tests.app.echo_lanes import LIMIT_S, lanes_end, until
from tests.app.faulty_service import Start

pytestmark = pytest.mark.anyio


async def test_a_full_queue_is_a_429_that_says_when_to_come_back(start: Start) -> None:
    async with start(queue_capacity=4, max_images=4, max_steps=4) as setup:
        setup.engine.gate.clear()
        running = setup.ask()
        await setup.engine.wait_until_entered()
        waiting = setup.ask(seed=10, n=4)
        await until(lambda: setup.batcher.queued_images == 4)
        refused = await setup.ask(seed=20)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["title"] == "Overloaded"
        ready = await setup.client.get("/readyz")
        assert ready.status_code == 200
        setup.engine.gate.set()
        assert (await running).status_code == 200
        assert (await waiting).status_code == 200
        assert (await setup.ask()).status_code == 200


async def test_what_waits_to_be_encoded_is_bounded_too(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, gate = threading.Event(), threading.Event()

    def encode_slowly(*_: object) -> bytes:
        entered.set()
        assert gate.wait(LIMIT_S)
        return b"image"

    monkeypatch.setattr("app.renderer.encode_image", encode_slowly)
    async with start(queue_capacity=4, max_images=4, max_steps=4) as setup:
        encoding = setup.ask(n=4)
        assert await asyncio.to_thread(entered.wait, LIMIT_S)
        waiting = setup.ask(n=4)
        renderer = setup.app.state.service.require_renderer()
        await until(lambda: renderer.packing_images == 8)
        refused = [await setup.ask(n=2) for _ in range(2)]
        assert [answer.status_code for answer in refused] == [429, 429]
        assert (await setup.ask()).status_code == 200
        gate.set()
        assert (await encoding).content == b"image"
        assert (await waiting).content == b"image"
        assert (await setup.ask(n=2)).status_code == 200


async def test_past_the_deadline_is_a_504_and_the_rows_are_dropped(start: Start) -> None:
    async with start(deadline_s=0.05) as setup:
        setup.engine.gate.clear()
        running = setup.ask()
        await setup.engine.wait_until_entered()
        late = await setup.ask(seed=10, n=3)
        assert late.status_code == 504
        assert late.headers["content-type"] == "application/problem+json"
        assert (await running).status_code == 504
        setup.engine.gate.set()
        assert len((await setup.batcher.submit(make_rows(2))).payloads) == 2
        assert setup.engine.batches == [1, 2]


def make_rows(count: int) -> Latents:
    return Latents(np.arange(count * 8, dtype=np.float32).reshape(count, 8))


async def test_the_rows_of_a_client_that_hung_up_are_not_run(start: Start) -> None:
    async with start() as setup:
        setup.engine.gate.clear()
        running = setup.ask()
        await setup.engine.wait_until_entered()
        hung_up = asyncio.Event()
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> dict[str, Any]:
            await hung_up.wait()
            return {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/images/7.png",
            "query_string": b"",
            "headers": [],
        }
        gone = asyncio.create_task(setup.app(scope, receive, send))
        await until(lambda: setup.batcher.queued_images == 1)
        hung_up.set()
        await gone
        assert sent[0]["status"] == 499
        setup.engine.gate.set()
        assert (await running).status_code == 200
        assert (await setup.ask(n=2)).status_code == 200
        assert setup.engine.batches == [1, 2]


async def test_a_failing_device_is_a_500_without_its_reason(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    async with start() as setup:
        setup.engine.failure = RuntimeError("secret: out of memory")
        failed = await setup.ask()
        assert failed.status_code == 500
        assert failed.json()["title"] == "Generator failed"
        assert "secret" not in failed.text
        assert "secret" in caplog.text
        setup.engine.failure = None
        assert (await setup.ask()).status_code == 200


async def test_a_dead_worker_turns_readiness_red_and_requests_away(start: Start) -> None:
    async with start() as setup:
        setup.engine.failure = SystemExit()
        assert (await setup.ask()).status_code == 503
        await lanes_end(setup.batcher)
        ready = await setup.client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["faults"] == {"faulty": "the worker has stopped"}
        assert (await setup.client.get("/livez")).status_code == 200
        assert (await setup.ask()).status_code == 503


async def test_weights_gone_wrong_turn_readiness_red_until_right_again(start: Start) -> None:
    async with start() as setup:
        setup.engine.golden_failure = RuntimeError("other pixels")
        await setup.generator.check_golden(LIMIT_S)
        ready = await setup.client.get("/readyz")
        assert ready.status_code == 503
        assert "golden" in ready.json()["faults"]["faulty"]
        assert (await setup.ask()).status_code == 503
        setup.engine.golden_failure = None
        await setup.generator.check_golden(LIMIT_S)
        assert (await setup.client.get("/readyz")).status_code == 200
        assert (await setup.ask()).status_code == 200


async def test_a_device_that_does_not_answer_turns_readiness_red(start: Start) -> None:
    async with start() as setup:
        setup.engine.gate.clear()
        running = setup.ask()
        await setup.engine.wait_until_entered()
        await setup.generator.check_golden(0.01)
        ready = await setup.client.get("/readyz")
        assert ready.json()["faults"] == {"faulty": "the device does not answer"}
        setup.engine.gate.set()
        assert (await running).status_code == 200
        await setup.generator.check_golden(LIMIT_S)
        assert (await setup.client.get("/readyz")).status_code == 200


async def test_the_lifespan_watches_the_weights(start: Start) -> None:
    async with start(canary_period_s=0.01) as setup:
        setup.engine.golden_failure = RuntimeError("other pixels")
        await until(lambda: setup.generator.fault is not None)
        setup.engine.golden_failure = None
        await until(lambda: setup.generator.fault is None)


async def test_outside_its_lifespan_an_app_is_alive_but_not_ready(settings: Settings) -> None:
    app = create_app(settings)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://ganloom") as client:
        assert (await client.get("/livez")).status_code == 200
        for path in ("/readyz", "/images/7.png", "/models"):
            assert (await client.get(path)).status_code == 503


async def test_a_defect_of_ours_is_a_problem_document_without_a_traceback(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start() as setup:
        monkeypatch.setattr("app.renderer.encode_image", lambda *_: 1 / 0)
        failed = await setup.ask(n=2)
        assert failed.status_code == 500
        assert failed.headers["content-type"] == "application/problem+json"
        assert "division" not in failed.text
        monkeypatch.undo()
        assert (await setup.ask(n=2)).status_code == 200


async def test_a_body_that_never_ends_is_a_408(start: Start) -> None:
    async with start(deadline_s=0.05) as setup:

        async def stalled() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.Event().wait()

        answer = await setup.client.post("/generate", content=stalled())
        assert answer.status_code == 408
        assert (await setup.ask()).status_code == 200

"""What a request for the best of several sees when the queue is full or slow, or leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from app.pending import RenderedRows
from tests.app.echo_lanes import until
from tests.app.faulty_service import Start

pytestmark = pytest.mark.anyio


async def test_of_images_that_are_alike_the_asked_seed_wins(start: Start) -> None:
    async with start() as setup:
        answer = await setup.ask(seed=3, n=2, best_of=5)
        assert answer.headers["x-ganloom-seeds"] == "3-4"
        assert sum(setup.engine.batches) == 2 * 5 + 2


async def test_candidates_wait_in_the_queue_and_fill_it(start: Start) -> None:
    async with start(queue_capacity=8) as setup:
        setup.engine.gate.clear()
        running = setup.ask(seed=900)
        await setup.engine.wait_until_entered()
        waiting = setup.ask(seed=1, n=2, best_of=4)
        await until(lambda: setup.batcher.queued_images == 8)
        refused = await setup.client.get("/images/7.png?best_of=2")
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        setup.engine.gate.set()
        assert [(await task).status_code for task in (running, waiting)] == [200, 200]


async def test_past_the_deadline_is_a_504_and_no_candidate_is_judged(start: Start) -> None:
    async with start() as setup:
        setup.engine.gate.clear()
        running = setup.ask(seed=900)
        await setup.engine.wait_until_entered()
        late = await setup.client.get("/images/7.png?best_of=4", headers={"X-Deadline-Ms": "20"})
        assert late.status_code == 504
        assert "0.02 s" in late.json()["detail"]
        setup.engine.gate.set()
        assert (await running).status_code == 200
        assert (await setup.ask(seed=901)).status_code == 200
        assert setup.engine.batches == [1, 1]


async def test_a_deadline_that_the_queue_cannot_meet_is_a_504_at_once(start: Start) -> None:
    async with start(deadline_s=1000) as setup:
        setup.batcher._cost.observe(1, 10.0)
        setup.engine.gate.clear()
        held = [setup.ask(seed=900)]
        await setup.engine.wait_until_entered()
        held.append(setup.ask(seed=1, best_of=3))
        await until(lambda: setup.batcher.queued_images == 3)
        refused = await setup.client.get(
            "/images/7.png?best_of=2", headers={"X-Deadline-Ms": "19000"}
        )
        assert refused.status_code == 504
        assert "30 s" in refused.json()["detail"]
        setup.engine.gate.set()
        assert [(await task).status_code for task in held] == [200, 200]


async def test_one_deadline_bounds_judging_and_rendering_together(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []
    async with start() as setup:
        submit = setup.batcher.submit

        async def watch(latents: Any, encoding: Any, limit_s: float) -> Any:
            limits.append(limit_s)
            return await submit(latents, encoding, limit_s)

        monkeypatch.setattr(setup.batcher, "submit", watch)
        assert (await setup.ask(best_of=2)).status_code == 200
    judging_s, rendering_s = limits
    assert 0 < rendering_s < judging_s


async def test_the_candidates_of_a_client_that_hung_up_are_not_run(start: Start) -> None:
    async with start() as setup:
        setup.engine.gate.clear()
        running = setup.ask(seed=900)
        await setup.engine.wait_until_entered()
        hung_up = asyncio.Event()
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> dict[str, Any]:
            await hung_up.wait()
            return {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        scope = {
            **{"type": "http", "method": "GET", "path": "/images/7.png", "root_path": ""},
            **{"query_string": b"best_of=4", "headers": [], "app": setup.app},
        }
        gone = asyncio.create_task(setup.app(scope, receive, send))
        await until(lambda: setup.batcher.queued_images == 4)
        hung_up.set()
        await gone
        assert sent[0]["status"] == 499
        setup.engine.gate.set()
        assert (await running).status_code == 200
        assert (await setup.ask(seed=901)).status_code == 200
        assert setup.engine.batches == [1, 1]


async def test_the_times_of_judging_and_rendering_are_told_in_sum(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = [(1.0, 10.0, 100.0), (0.5, 20.0, 300.0)]
    async with start() as setup:
        submit = setup.batcher.submit

        async def clock(*arguments: Any) -> RenderedRows:
            rows = await submit(*arguments)
            return RenderedRows(rows.payloads, *times.pop(0), rows.batch_images)

        monkeypatch.setattr(setup.batcher, "submit", clock)
        answer = await setup.ask(best_of=4)
        timing = "queue;dur=1.50, forward;dur=30.00, encode;dur=400.00"
        assert answer.headers["server-timing"] == timing
        assert answer.headers["x-ganloom-batch"] == "1"


async def test_an_image_that_cannot_be_judged_is_a_500_and_the_next_is_served(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start() as setup:

        def fail(*_: object) -> float:
            raise RuntimeError("secret: out of memory")

        monkeypatch.setattr("model.judge.Judge.logit", fail)
        failed = await setup.ask(best_of=2)
        assert failed.status_code == 500
        assert "secret" not in failed.text
        assert (await setup.ask()).status_code == 200

"""Claims on X-Deadline-Ms."""

from __future__ import annotations

import httpx
import pytest

from tests.app.echo_lanes import until
from tests.app.faulty_service import Setup, Start

pytestmark = pytest.mark.anyio

# The short way and FastAPI's, and a route that has only the latter.
REQUESTS = [
    ("POST", "/generate"),
    ("GET", "/images/7.png"),
    ("GET", "/images/7.png?truncation=0.5"),
    ("GET", "/interpolate?start=1&end=2&steps=3"),
]


async def ask(client: httpx.AsyncClient, method: str, url: str, deadline_ms: str) -> httpx.Response:
    return await client.request(method, url, headers={"X-Deadline-Ms": deadline_ms})


@pytest.mark.parametrize(("method", "url"), REQUESTS)
@pytest.mark.parametrize(
    "value", ["", "0", "-1", "+1", "1.5", "1e3", "0x1", "007", "1 000", "soon", "1" * 10]
)
async def test_what_is_no_whole_number_from_one_is_refused_and_named(
    client: httpx.AsyncClient, method: str, url: str, value: str
) -> None:
    answer = await ask(client, method, url, value)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == ["X-Deadline-Ms"]


@pytest.mark.parametrize(("method", "url"), REQUESTS)
@pytest.mark.parametrize("value", ["60000", "999999999"])
async def test_a_deadline_that_is_met_changes_nothing(
    client: httpx.AsyncClient, method: str, url: str, value: str
) -> None:
    assert (await ask(client, method, url, value)).status_code == 200


async def queue_images(setup: Setup, count: int) -> list[object]:
    """Hold the engine in a batch, with `count` images behind it at ten seconds each."""
    setup.batcher._cost.observe(1, 10.0)
    setup.engine.gate.clear()
    held: list[object] = [setup.ask(seed=900)]
    await setup.engine.wait_until_entered()
    held += [setup.ask(seed=100, n=count)]
    await until(lambda: setup.batcher.queued_images == count)
    return held


@pytest.mark.parametrize("url", ["/images/7.png", "/images/7.png?truncation=0.5"])
async def test_a_deadline_that_the_queue_cannot_meet_is_a_504_at_once(
    start: Start, url: str
) -> None:
    async with start(deadline_s=1000) as setup:
        held = await queue_images(setup, 2)
        # The engine is held, so whatever is answered now has not waited for it.
        refused = await ask(setup.client, "GET", url, "19000")
        assert refused.status_code == 504
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["title"] == "Deadline exceeded"
        assert "20 s" in refused.json()["detail"]
        assert setup.batcher.queued_images == 2
        setup.engine.gate.set()
        assert len(held) == 2


async def test_a_deadline_that_the_queue_can_meet_is_taken(start: Start) -> None:
    async with start(deadline_s=1000) as setup:
        await queue_images(setup, 2)
        taken = setup.ask(seed=7)
        await until(lambda: setup.batcher.queued_images == 3)
        setup.engine.gate.set()
        assert (await taken).status_code == 200


async def test_no_client_gets_more_time_than_the_service_gives(start: Start) -> None:
    async with start(deadline_s=15) as setup:
        await queue_images(setup, 2)
        refused = await ask(setup.client, "GET", "/images/7.png", "999999999")
        assert refused.status_code == 504
        assert "15 s are left" in refused.json()["detail"]
        setup.engine.gate.set()


async def test_a_deadline_that_passes_is_a_504(start: Start) -> None:
    async with start() as setup:
        setup.engine.gate.clear()
        held = setup.ask(seed=900)
        await setup.engine.wait_until_entered()
        late = await ask(setup.client, "GET", "/images/7.png", "20")
        assert late.status_code == 504
        assert "0.02 s" in late.json()["detail"]
        setup.engine.gate.set()
        assert (await held).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[("HEAD", "/images/7.png"), ("HEAD", "/explore?seed=7&direction=sefa-1")],
        *[("HEAD", "/avatar/x.png"), ("POST", "/verify"), ("POST", "/generate")],
    ],
)
async def test_a_deadline_that_cannot_be_read_is_refused_where_none_is_needed(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    answer = await client.request(method, path, headers={"X-Deadline-Ms": "!7+"})
    assert answer.status_code == 422

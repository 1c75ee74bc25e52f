"""The short way to the two busiest routes answers exactly as FastAPI's own way does."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from app.main import create_app
from app.metrics import RequestMetrics
from app.routes.direct import DirectRoutes
from app.settings import Settings

pytestmark = pytest.mark.anyio

Both = tuple[httpx.AsyncClient, httpx.AsyncClient]

ETAG = "<the ETag of 7.png>"
MAX_SEED = 2**53 - 1

Given = dict[str, Any]

PLAIN: list[tuple[str, str, Given]] = [
    *[("GET", f"/images/{seed}.png", {}) for seed in (0, 7, 10, MAX_SEED)],
    *[("GET", f"/images/7.{extension}", {}) for extension in ("jpg", "webp")],
    *[
        ("GET", "/images/7.png", {"headers": {"If-None-Match": given}})
        for given in (ETAG, f"W/{ETAG}", "*", '"other"', "")
    ],
    ("GET", "/images/7.png", {"headers": {"X-Deadline-Ms": "soon"}}),
    ("GET", "/images/7.png", {"headers": {"Accept": "text/html", "Cookie": "a=b"}}),
    ("GET", "/images/7.png", {"content": b"a body that nobody asked for"}),
    ("GET", "/images/%37.png", {}),
]
BODIES: list[Given] = [
    {"json": {}},
    {"json": {"seed": 7}},
    {"json": {"seed": 7, "n": 5}},
    {"json": {"seeds": [3, 3, 1]}},
    *[{"json": {"seeds": [1, 2], "layout": layout}} for layout in ("zip", "json", "multipart")],
    {"json": {"seed": 7, "model": "pets", "label": "dog", "format": "webp", "truncation": 0.5}},
    {"json": {"model": "signs", "latents": [[1, 2, 3, 4]]}},
    {"json": {"seed": 7}, "headers": {"Accept": "image/webp;q=0.9, image/jpeg"}},
    {"json": {"seed": 7}, "headers": {"Accept": "text/html"}},
    {"json": {"seed": 7}, "headers": {"X-Deadline-Ms": "0"}},
    {"json": {"seed": 7}, "params": {"seed": "8"}},
    *[{"json": body} for body in ({"seed": -1}, {"seed": MAX_SEED + 1}, {"model": "nobody"})],
    *[{"json": body} for body in ({"n": 257}, {"seed": 1, "seeds": [2]}, {"what": 1})],
    *[{"content": content} for content in (b"", b"{", b"\xff", b"[]", b"null", b'{"seed": 1e400}')],
    {"content": b" " * (2**20 + 1)},
    {"content": b"{}", "headers": {"Content-Encoding": "gzip"}},
    {"content": b'{"seed": 7}', "headers": {"Content-Type": "text/plain"}},
]
DIRECT: list[tuple[str, str, Given]] = [*PLAIN, *(("POST", "/generate", body) for body in BODIES)]

LEFT_ALONE: list[tuple[str, str, Given]] = [
    *[("GET", f"/images/{seed}.png", {}) for seed in ("007", "-1", "+7", "7.0", "x", "", "7%20")],
    *[("GET", f"/images/{seed}.png", {}) for seed in (MAX_SEED + 1, "9" * 16, "9" * 17, "\u0667")],
    *[("GET", f"/images/7.{extension}", {}) for extension in ("jpeg", "gif", "PNG", "", "png.png")],
    *[("GET", f"/images/7{end}", {}) for end in ("", "/", ".png/", "png", ".png%0A")],
    *[("GET", path, {}) for path in ("/images//7.png", "//images/7.png", "/Images/7.png")],
    *[("GET", f"/images/7.png?{query}", {}) for query in ("truncation=0.5", "seed=8", "x", "=")],
    ("GET", "/images/7.png?model=pets&label=1", {}),
    ("GET", "/images/7.png?truncation=9", {}),
    *[(method, "/images/7.png", {}) for method in ("HEAD", "OPTIONS", "POST", "PUT")],
    *[(method, "/generate", {}) for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")],
    *[("POST", path, {"json": {}}) for path in ("/generate/", "/Generate", "/generate%20")],
    ("GET", "/models", {}),
    ("GET", "/nobody", {}),
]


def make_app(settings: Settings, is_direct: bool) -> FastAPI:
    app = create_app(settings)
    if not is_direct:
        counted = app.build_middleware_stack()
        assert isinstance(counted, RequestMetrics)
        assert isinstance(counted.app, DirectRoutes)
        app.middleware_stack = RequestMetrics(counted.app.app, counted.metrics)
    return app


@contextlib.asynccontextmanager
async def running_both(settings: Settings) -> AsyncIterator[Both]:
    """Run an app with the short way and one without."""
    async with contextlib.AsyncExitStack() as stack:
        clients = []
        for is_direct in (True, False):
            app = make_app(settings, is_direct)
            await stack.enter_async_context(app.router.lifespan_context(app))
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url="http://ganloom")
            clients.append(await stack.enter_async_context(client))
        yield clients[0], clients[1]


@pytest.fixture(scope="module")
async def both(settings: Settings, anyio_backend: str) -> AsyncIterator[Both]:  # noqa: ARG001
    async with running_both(settings) as clients:
        yield clients


@pytest.fixture(autouse=True)
def _drawn_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda _: 5)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the requests that went the short way."""
    paths: list[str] = []
    for name in ("answer_image", "answer_generate"):
        answer = getattr(__import__("app.routes.direct", fromlist=[name]), name)

        async def watch(request: Any, *arguments: Any, _answer: Any = answer) -> Any:
            paths.append(request.url.path)
            return await _answer(request, *arguments)

        monkeypatch.setattr(f"app.routes.direct.{name}", watch)
    return paths


def tell(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Return all of an answer but how long it took."""
    headers = [item for item in answer.headers.multi_items() if item[0] != "server-timing"]
    return answer.status_code, answer.content, headers


async def ask(client: httpx.AsyncClient, method: str, url: str, **given: Any) -> httpx.Response:
    condition = given.get("headers", {}).get("If-None-Match", "")
    if ETAG in condition:
        etag = (await client.get("/images/7.png")).headers["etag"]
        given["headers"] = {"If-None-Match": condition.replace(ETAG, etag)}
    return await client.request(method, url, **given)


@pytest.mark.parametrize(("method", "url", "given"), DIRECT)
async def test_a_request_that_goes_the_short_way_is_answered_as_by_fastapi(
    both: Both, taken: list[str], method: str, url: str, given: dict[str, Any]
) -> None:
    short, long = [await ask(client, method, url, **given) for client in both]
    assert tell(short) == tell(long)
    assert ("server-timing" in short.headers) == ("server-timing" in long.headers)
    assert len(taken) == 1 + (ETAG in str(given))  # one more asked for the ETag


@pytest.mark.parametrize(("method", "url", "given"), LEFT_ALONE)
async def test_whatever_is_odd_is_left_to_fastapi(
    both: Both, taken: list[str], method: str, url: str, given: dict[str, Any]
) -> None:
    first, second = [await ask(client, method, url, **given) for client in both]
    assert taken == []
    assert tell(first) == tell(second)


async def test_the_answers_of_both_ways_are_of_every_kind(both: Both) -> None:
    seen = {(await ask(both[0], method, url, **given)).status_code for method, url, given in DIRECT}
    assert seen >= {200, 304, 404, 406, 413, 415, 422}


async def test_both_ways_are_counted_under_the_same_routes(settings: Settings) -> None:
    async with running_both(settings) as clients:
        counts = []
        for client in clients:
            for method, url, given in [*DIRECT[::3], *LEFT_ALONE[::3]]:
                await ask(client, method, url, **given)
            families = text_string_to_metric_families((await client.get("/metrics")).text)
            samples = [sample for family in families for sample in family.samples]
            counts.append(
                {
                    (sample.name, *sample.labels.values()): sample.value
                    for sample in samples
                    if sample.name in ("ganloom_requests_total", "ganloom_request_seconds_count")
                }
            )
        assert counts[0] == counts[1]
        assert {key[1] for key in counts[0]} >= {"/generate", "/images/{seed}.{extension}"}


async def test_outside_the_lifespan_both_ways_are_not_ready(settings: Settings) -> None:
    answers = []
    for is_direct in (True, False):
        transport = httpx.ASGITransport(make_app(settings, is_direct))
        async with httpx.AsyncClient(transport=transport, base_url="http://ganloom") as client:
            for method, url in (("GET", "/images/7.png"), ("POST", "/generate")):
                answers.append(tell(await client.request(method, url)))
    assert answers[:2] == answers[2:]
    assert {status for status, _, _ in answers} == {503}


@pytest.mark.parametrize(("method", "url"), [("GET", "/images/7.png"), ("POST", "/generate")])
async def test_a_defect_of_ours_is_told_alike(
    both: Both, monkeypatch: pytest.MonkeyPatch, method: str, url: str
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("app.renderer.Renderer.plan", fail)
    short, long = [tell(await client.request(method, url)) for client in both]
    assert short == long
    assert short[0] == 500
    assert b"secret" not in short[1]

"""What answers instead of the service is told from it."""

from __future__ import annotations

import io
from collections.abc import Callable

import httpx
import pytest
from PIL import Image

from app.client import ForeignAnswerError, Ganloom, GanloomError, Job
from tests.app.client.canned_answers import put_in, refusing


def test_a_proxy_that_answers_instead_is_told_by_its_status() -> None:
    with Ganloom("http://x") as client:
        put_in(client, refusing(httpx.Response(502, text="<html>bad gateway")))
        with pytest.raises(GanloomError, match="502 Bad Gateway"):
            client.models()


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<h1>Welcome to the airport's wireless</h1>"),
        httpx.Response(302, headers={"Location": "http://login.example/"}),
    ],
)
def test_a_login_page_is_not_taken_for_the_service(answer: httpx.Response) -> None:
    with Ganloom("http://x") as client:
        put_in(client, refusing(answer))
        with pytest.raises(ForeignAnswerError, match="is it a ganloom service"):
            client.models()


_PNG = io.BytesIO()
Image.effect_noise((32, 32), 50).save(_PNG, "png")
DAMAGED_PNG = _PNG.getvalue()[:-40] + bytes(40)  # its head is in order
PORTALS = [
    httpx.Response(200, text="Welcome"),
    httpx.Response(200, content=b"\x00\xff", headers={"Content-Type": "image/png"}),
    httpx.Response(200, content=DAMAGED_PNG, headers={"Content-Type": "image/png"}),
    httpx.Response(200, json={"login": "http://login.example/"}),
    httpx.Response(200, json=["please log in"]),
    httpx.Response(200),
]
ASKED: list[Callable[[Ganloom], object]] = [
    lambda client: client.generate(seed=7),
    lambda client: client.image(7),
    lambda client: client.interpolate([1, 2]),
    lambda client: client.explore_strip(7, "sefa-1"),
    lambda client: client.models(),
    lambda client: client.directions("x"),
    lambda client: client.jobs.show("x"),
]


@pytest.mark.parametrize("ask", ASKED, ids=range(len(ASKED)))
@pytest.mark.parametrize("answer", PORTALS, ids=range(len(PORTALS)))
def test_whatever_else_answers_with_200_is_told_from_the_service(
    answer: httpx.Response, ask: Callable[[Ganloom], object]
) -> None:
    with Ganloom("http://x") as client:
        put_in(client, refusing(answer))
        with pytest.raises(ForeignAnswerError, match="is it a ganloom service"):
            ask(client)


def test_a_page_is_not_taken_for_a_film() -> None:
    with Ganloom("http://x") as client:
        put_in(client, refusing(httpx.Response(200, text="Welcome")))
        with pytest.raises(ForeignAnswerError, match="is it a ganloom service"):
            client.animate([1, 2])


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(200, html="<h1>Welcome</h1>"), httpx.Response(200, text="data: hello\n\n")],
)
def test_events_that_are_not_the_services_are_told_from_them(answer: httpx.Response) -> None:
    job = Job("x", "running", 0.0, None, "faces", "", "invert", None, None, None)
    with Ganloom("http://x") as client:
        put_in(client, refusing(answer))
        with pytest.raises(ForeignAnswerError, match="is it a ganloom service"):
            list(client.jobs.follow(job))


@pytest.mark.parametrize("errors", [None, 5, {"a": 1}, ["bad gateway"]])
def test_errors_in_the_json_of_a_proxy_are_not_taken_for_the_services(errors: object) -> None:
    with Ganloom("http://x") as client:
        put_in(client, refusing(httpx.Response(502, json={"errors": errors})))
        with pytest.raises(GanloomError, match="502 Bad Gateway") as caught:
            client.models()
    assert caught.value.faults == ()

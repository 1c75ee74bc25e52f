from __future__ import annotations

import io
import zipfile

import httpx
import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.anyio

EDITED = "/images/5.png?edits=sefa-1:1.5,pca-2:-2"


def pixels_of(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


async def test_an_edit_by_url_and_by_body_gives_the_same_bytes(client: httpx.AsyncClient) -> None:
    by_url = await client.get(EDITED)
    body = {"seed": 5, "edits": {"pca-2": -2, "sefa-1": 1.5}}
    by_body = await client.post("/generate", json=body)
    assert by_url.status_code == by_body.status_code == 200
    assert by_url.content == by_body.content
    assert by_url.content != (await client.get("/images/5.png")).content


async def test_equal_edits_have_one_etag_however_they_are_written(
    client: httpx.AsyncClient,
) -> None:
    ways = ["sefa-1:1.5,pca-2:-2", "pca-2:-2.0,sefa-1:1.50", "pca-2:-2,sefa-1:1.50001,sefa-2:0"]
    answers = [await client.get("/images/5.png", params={"edits": way}) for way in ways]
    assert len({answer.headers["etag"] for answer in answers}) == 1
    assert len({answer.content for answer in answers}) == 1
    other = await client.head("/images/5.png?edits=sefa-1:1.6,pca-2:-2")
    assert other.headers["etag"] != answers[0].headers["etag"]


async def test_edits_of_zero_are_the_plain_image(client: httpx.AsyncClient) -> None:
    plain = await client.get("/images/5.png")
    zero = await client.get("/images/5.png?edits=sefa-1:-0.0")
    assert (zero.headers["etag"], zero.content) == (plain.headers["etag"], plain.content)


async def test_a_matching_etag_answers_304(client: httpx.AsyncClient) -> None:
    etag = (await client.get(EDITED)).headers["etag"]
    again = await client.get(EDITED, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


async def test_an_edit_is_as_strong_at_any_truncation(client: httpx.AsyncClient) -> None:
    """At truncation 0 every seed is the average image, and the edit is all that is left."""
    at_zero = await client.get("/images/5.png?truncation=0&edits=sefa-1:2")
    body = {"latents": [[0.0] * 8], "edits": {"sefa-1": 2}}
    assert at_zero.content == (await client.post("/generate", json=body)).content


async def test_a_row_is_edited_the_same_alone_and_among_others(client: httpx.AsyncClient) -> None:
    body = {"seeds": [9, 5, 2], "edits": {"sefa-2": 1}, "layout": "zip"}
    answer = await client.post("/generate", json=body)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        among = archive.read("seed-5.png")
    assert (await client.get("/images/5.png?edits=sefa-2:1")).content == among


async def test_every_frame_of_a_walk_is_edited(client: httpx.AsyncClient) -> None:
    answer = await client.get("/interpolate?seeds=5,3&steps=3&edits=sefa-2:1&format=zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        first, last = archive.read("frame-000.png"), archive.read("frame-002.png")
    assert (await client.get("/images/5.png?edits=sefa-2:1")).content == first
    assert (await client.get("/images/3.png?edits=sefa-2:1")).content == last


async def test_an_unknown_direction_is_refused_with_the_names(client: httpx.AsyncClient) -> None:
    for answer in (
        await client.get("/images/5.png?edits=hat:1"),
        await client.post("/generate", json={"edits": {"hat": 1}}),
        await client.get("/interpolate?start=1&end=2&edits=hat:1"),
    ):
        assert answer.status_code == 422
        (problem,) = answer.json()["errors"]
        assert problem["field"] == "edits"
        assert "sefa-1, sefa-2, pca-1, pca-2" in problem["detail"]


@pytest.mark.parametrize(
    "text",
    [
        *("sefa-1", "sefa-1:", ":1", "sefa-1:1,", "sefa-1:1;sefa-2:1", "sefa-1:nan", "sefa-1:1e3"),
        *("sefa-1:inf", "sefa-1:21", "sefa-1:-20.001", "sefa-1:1,sefa-1:2", "sefa 1:1", "x" * 5000),
        *("sefa-1:\u0661", "../a:1", "sefa-1:1\n", "sefa-1:--1"),
    ],
)
async def test_edits_that_cannot_be_read_are_refused(client: httpx.AsyncClient, text: str) -> None:
    answer = await client.get("/images/5.png", params={"edits": text})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "edits"


@pytest.mark.parametrize(
    "edits", [[], "sefa-1:1", {"sefa-1": "1"}, {"sefa-1": 20.5}, {"sefa-1": None}, {"a/b": 1}]
)
async def test_bodies_with_malformed_edits_are_refused(
    client: httpx.AsyncClient, edits: object
) -> None:
    answer = await client.post("/generate", json={"seed": 1, "edits": edits})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("edits")

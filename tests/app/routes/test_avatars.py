"""Claims on GET /avatar/{any string}.png."""

from __future__ import annotations

import io
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from PIL import Image
from pydantic import SecretStr

from app.avatars import seed_of
from tests.app.conftest import ClientFactory

pytestmark = pytest.mark.anyio

STRINGS = ["Felix", "a@b.example", "日本語", "👩‍🚀", "a/b/c", "john.doe.png", "x y", "..", "a%20b"]


@pytest.mark.parametrize("text", STRINGS)
async def test_any_string_shows_its_seeds_image(client: httpx.AsyncClient, text: str) -> None:
    answer = await client.get(f"/avatar/{quote(text, safe='')}.png?size=16")
    assert answer.status_code == 200, answer.text
    seed = seed_of(text, b"")
    assert answer.headers["x-ganloom-seeds"] == str(seed)
    still = (await client.get(f"/images/{seed}.png")).content
    shown, expected = (np.asarray(Image.open(io.BytesIO(f))) for f in (answer.content, still))
    assert np.array_equal(shown, expected)
    in_query = await client.get("/avatar.png", params={"seed": text, "size": 16})
    assert (in_query.content, in_query.headers["etag"]) == (answer.content, answer.headers["etag"])


async def test_a_key_makes_other_avatars(serve: ClientFactory, client: httpx.AsyncClient) -> None:
    async with serve(avatar_key=SecretStr("secret")) as other:
        answers = [await app.get("/avatar/Felix.png?size=16") for app in (client, other)]
    assert answers[0].headers["x-ganloom-seeds"] != answers[1].headers["x-ganloom-seeds"]
    assert answers[0].headers["etag"] != answers[1].headers["etag"]


async def test_every_option_changes_the_etag_and_the_bytes(client: httpx.AsyncClient) -> None:
    options = [
        *("", "size=64", "radius=20", "radius=20&backgroundColor=b6e3f4", "flip=true"),
        *("filter=nearest", "truncation=0.5", "model=signs", "model=pets&label=0"),
        "model=pets&label=1",
    ]
    answers = [await client.get(f"/avatar/Felix.png?{option}") for option in options]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["etag"] for answer in answers}) == len(options)
    assert len({answer.content for answer in answers}) == len(options)


@pytest.mark.parametrize(("extension", "name"), [("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP")])
async def test_each_format_has_the_size_asked_for(
    client: httpx.AsyncClient, extension: str, name: str
) -> None:
    answer = await client.get(f"/avatar/Felix.{extension}?size=100&radius=50")
    image = Image.open(io.BytesIO(answer.content))
    assert (image.format, image.size) == (name, (100, 100))


async def test_avatars_are_cached_for_long_and_for_good_where_the_digest_is_named(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/avatar/Felix.png")
    assert "max-age=604800" in answer.headers["cache-control"]
    digest = answer.headers["x-ganloom-digest"]
    named = await client.get(f"/avatar/Felix.png?digest={digest}")
    assert "immutable" in named.headers["cache-control"]
    assert (named.content, named.headers["etag"]) == (answer.content, answer.headers["etag"])


async def test_head_and_a_match_need_no_drawing(client: httpx.AsyncClient) -> None:
    etag = (await client.head("/avatar/Felix.png")).headers["etag"]
    again = await client.get("/avatar/Felix.png", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert (await client.get("/avatar/Felix.png")).headers["etag"] == etag

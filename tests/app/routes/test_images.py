from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from app.lanes import LocalLane

pytestmark = pytest.mark.anyio


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes any rendering from then on an error."""

    def refuse(*_: object) -> None:
        raise AssertionError("something was rendered")

    return lambda: monkeypatch.setattr(LocalLane, "render", refuse)


async def get_digest(client: httpx.AsyncClient, name: str = "faces") -> str:
    return str((await client.get(f"/models/{name}")).json()["digest"])


@pytest.mark.parametrize("extension", ["png", "jpg", "webp"])
async def test_an_image_is_that_of_generate(client: httpx.AsyncClient, extension: str) -> None:
    image_format = "jpeg" if extension == "jpg" else extension
    answer = await client.get(f"/images/7.{extension}?truncation=0.7")
    body = {"seed": 7, "format": image_format, "truncation": 0.7}
    assert answer.headers["content-type"] == f"image/{image_format}"
    assert answer.content == (await client.post("/generate", json=body)).content


@pytest.mark.parametrize("given", ["{}", "W/{}", '"other", {}', '"a",W/{} , "b"', "*"])
async def test_a_known_etag_is_answered_without_work(
    client: httpx.AsyncClient, no_work: Callable[[], None], given: str
) -> None:
    etag = (await client.get("/images/7.png")).headers["etag"]
    no_work()
    assert (await client.get("/images/8.png")).status_code == 500
    answer = await client.get("/images/7.png", headers={"If-None-Match": given.format(etag)})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag


@pytest.mark.parametrize("given", ['"other"', "W/", '"', "garbage", ""])
async def test_an_unknown_etag_is_answered_in_full(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/images/7.png", headers={"If-None-Match": given})
    assert answer.status_code == 200
    assert answer.content


async def test_head_tells_all_but_the_bytes_and_does_no_work(
    client: httpx.AsyncClient, no_work: Callable[[], None]
) -> None:
    full = await client.get("/images/7.png")
    no_work()
    head = await client.head("/images/7.png")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-type", "cache-control", "x-ganloom-digest"):
        assert head.headers[name] == full.headers[name]


async def test_whatever_changes_the_bytes_changes_the_etag(client: httpx.AsyncClient) -> None:
    urls = [
        *("/images/7.png", "/images/8.png", "/images/7.jpg", "/images/7.webp"),
        *("/images/7.png?truncation=0.5", "/images/7.png?model=pets"),
        *("/images/7.png?model=pets&label=0", "/images/7.png?model=pets&label=1"),
        "/images/7.png?model=signs",
    ]
    etags = {(await client.head(url)).headers["etag"] for url in urls}
    assert len(etags) == len(urls)


async def test_other_words_for_the_same_image_share_its_etag(client: httpx.AsyncClient) -> None:
    digest = await get_digest(client, "pets")
    urls = [
        "/images/7.png?model=pets&label=dog",
        "/images/7.png?model=pets&label=1&truncation=1",
        f"/images/7.png?digest={digest}&label=1&truncation=1.0",
    ]
    assert len({(await client.head(url)).headers["etag"] for url in urls}) == 1


async def test_only_a_url_that_names_the_digest_is_immutable(client: httpx.AsyncClient) -> None:
    digest = await get_digest(client)
    named = await client.get(f"/images/7.png?digest={digest}")
    alias = await client.get("/images/7.png")
    assert "immutable" in named.headers["cache-control"]
    assert "immutable" not in alias.headers["cache-control"]
    assert "must-revalidate" in alias.headers["cache-control"]
    assert named.content == alias.content


async def test_another_digest_is_a_404(client: httpx.AsyncClient) -> None:
    pets = await get_digest(client, "pets")
    for query in (f"digest={'0' * 64}", f"model=faces&digest={pets}"):
        answer = await client.get(f"/images/7.png?{query}")
        assert answer.status_code == 404
        assert answer.json()["errors"][0]["field"] == "digest"


@pytest.mark.parametrize("seed", ["7.0", "+7", "%207", "007", "1_0", "-0", "7e0"])
async def test_a_seed_has_one_url(client: httpx.AsyncClient, seed: str) -> None:
    answer = await client.get(f"/images/{seed}.png")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "seed"

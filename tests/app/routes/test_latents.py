from __future__ import annotations

import httpx
import pytest

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("", {}),
        ("?model=signs&truncation=0.3", {"model": "signs"}),
        ("?model=pets&label=dog", {"model": "pets", "label": "dog"}),
        ("?model=pets", {"model": "pets"}),  # the class drawn from the seed is told
    ],
)
async def test_a_latent_sent_back_gives_the_very_image_of_its_seed(
    client: httpx.AsyncClient, query: str, sent: dict[str, object]
) -> None:
    latent = (await client.get(f"/latents/7{query}")).json()
    image = await client.get(f"/images/7.png{query}")
    if latent["label"] is not None:
        sent = sent | {"label": latent["label"]}
    again = await client.post("/generate", json={"latents": [latent["z"]], **sent})
    assert again.status_code == 200, again.text
    assert again.content == image.content


async def test_a_latent_is_cached_like_its_image(client: httpx.AsyncClient) -> None:
    first = await client.get("/latents/7")
    digest = first.json()["digest"]
    assert first.headers["x-ganloom-seeds"] == "7"
    again = await client.get("/latents/7", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    named = await client.get(f"/latents/7?digest={digest}")
    assert "immutable" in named.headers["cache-control"]
    other = await client.get("/latents/7?truncation=0.5")
    assert other.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize("path", ["/latents/-1", "/latents/07", "/latents/7?psi=1", "/latents/x"])
async def test_a_wrong_latent_request_is_a_422(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 422
    assert answer.json()["errors"]

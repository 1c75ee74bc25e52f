"""Mixes, latents, neighbours, avatars and verdicts of both clients, against a real service."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from PIL import Image, ImageSequence

from app.client import AsyncGanloom, Ganloom, GanloomError, Mix
from model.checkpoint import Checkpoint
from model.latents import sample_latents


@pytest.fixture
def client(address: str) -> Iterator[Ganloom]:
    with Ganloom(address) as client:
        yield client


def get(address: str, path: str) -> bytes:
    """Ask by a URL that no client wrote."""
    return httpx.get(f"{address}{path}").content


def test_a_mix_is_that_of_its_url_and_of_its_terms(client: Ganloom, address: str) -> None:
    mixed = client.mix([[1, 2], [9]], [[3, 4]], image_format="webp", truncation=0.5)
    path = "/mix?plus=1,2&plus=9&minus=3,4&format=webp&truncation=0.5"
    assert (mixed.data, mixed.media_type) == (get(address, path), "image/webp")
    assert mixed.seed is None
    terms: Mix = {"terms": [{"seeds": [1, 2]}, {"seeds": [9]}, {"seeds": [3, 4], "weight": -1}]}
    (made,) = client.generate(mixes=[terms], image_format="webp", truncation=0.5)
    assert made.data == mixed.data
    raw = client.mix([[1, 2], [9]], [[3, 4]], rescale=False)
    assert raw.data == get(address, "/mix?plus=1,2&plus=9&minus=3,4&rescale=false")


def test_diverse_images_are_those_of_the_service(client: Ganloom, address: str) -> None:
    images = client.generate(3, seed=7, diverse=True)
    body = {"n": 3, "seed": 7, "diverse": True, "layout": "json"}
    told = httpx.post(f"{address}/generate", json=body).json()
    assert [image.seed for image in images] == [item["seed"] for item in told["images"]]
    assert [image.seed for image in images] != [7, 8, 9]


def test_a_latent_gives_the_image_of_its_seed(client: Ganloom) -> None:
    still = client.image(7, model="pets", label="dog", edits={"sefa-1": 1.5})
    found = client.latent(7, model="pets", label="dog", edits={"sefa-1": 1.5})
    (made,) = client.generate(latents=[found.z], model="pets", label=found.label or 0)
    assert made.data == still.data
    assert (found.seed, found.label, found.digest) == (7, 1, still.digest)


def test_neighbours_are_the_seeds_whose_latents_are_nearest(
    client: Ganloom, checkpoints: dict[str, Checkpoint]
) -> None:
    near = client.neighbours("faces", seed=7, count=3, among=50)
    z = sample_latents(checkpoints["faces"].spec, range(50)).z.astype(np.float64)
    distances = np.linalg.norm(z - z[7], axis=1)
    assert [item.seed for item in near] == np.argsort(distances)[:3].tolist()
    assert [item.distance for item in near] == pytest.approx(np.sort(distances)[:3])
    assert near == client.neighbours("faces", latent=client.latent(7).z, count=3, among=50)
    with pytest.raises(GanloomError, match="exactly one of seed and latent"):
        client.neighbours("faces")


@pytest.mark.parametrize("text", ["Zoë", "a/../b?c#d", "..", "x" * 256, "100 %.png"])
def test_an_avatar_is_that_of_its_string(client: Ganloom, address: str, text: str) -> None:
    drawn = client.avatar(text, size=48, radius=50, flip=True, background_color="b6e3f4")
    style = "size=48&radius=50&flip=true&backgroundColor=b6e3f4"
    answer = httpx.get(f"{address}/avatar.png?{style}&seed={quote(text, safe='')}")
    assert drawn.data == answer.content
    assert drawn.image.size == (48, 48)
    assert drawn.seed == int(answer.headers["X-Ganloom-Seeds"])
    assert client.avatar(text, image_format="jpeg", filter="nearest").media_type == "image/jpeg"


def test_a_file_with_its_claim_is_identical_and_a_changed_one_altered(client: Ganloom) -> None:
    still = client.image(7, model="pets", label="dog", provenance=True)
    verdict = client.verify(still.data)
    assert (verdict.verdict, verdict.model, verdict.digest) == ("identical", "pets", still.digest)
    assert verdict.claim is not None
    assert verdict.claim["seeds"] == [7]
    changed = np.asarray(still.image).copy()
    changed[3, 4, 0] ^= 1
    altered = client.verify(
        Image.fromarray(changed), seed=7, model="pets", label="dog", truncation=1.0
    )
    assert altered.verdict == "altered"
    assert altered.difference is not None
    assert altered.difference["changed_pixels"] == 1
    edited = client.image(8, edits={"sefa-1": 2})
    assert client.verify(edited.data, seed=8, edits={"sefa-1": 2}).verdict == "identical"
    assert client.verify(edited.data).verdict == "unknown"


def test_a_url_with_the_digest_is_that_model_or_none(client: Ganloom) -> None:
    digest = client.model("faces").digest
    assert client.image(7, digest=digest).data == client.image(7).data
    with pytest.raises(GanloomError, match="404"):
        client.image(7, digest="0" * 64)


def test_walks_ease_and_films_are_as_fast_as_they_are_asked_to_be(
    client: Ganloom, address: str
) -> None:
    frames = client.interpolate([1, 2], steps=5, easing="ease-in")
    path = "/interpolate?seeds=1,2&steps=5&easing=ease-in&format=png"
    with Image.open(io.BytesIO(get(address, path))) as strip:
        assert np.array_equal(np.hstack([np.asarray(frame) for frame in frames]), np.asarray(strip))
    film = client.animate([1, 2], steps=5, animation_format="apng", fps=50, loop=3)
    assert film == get(address, "/interpolate?seeds=1,2&steps=5&format=apng&fps=50&loop=3")
    slow = client.explore_film(7, "sefa-1", film_format="gif", frame_ms=200)
    with Image.open(io.BytesIO(slow)) as image:
        assert [frame.info["duration"] for frame in ImageSequence.Iterator(image)] == [200] * 9


def test_exploring_passes_any_number_of_strengths(client: Ganloom) -> None:
    frames = client.explore(7, "sefa-1", between=(0, 2, -1), steps=5, easing="ease")
    for at, strength in ((0, 0), (2, 2), (4, -1)):
        assert frames[at] == client.image(7, edits={"sefa-1": strength}).image


@pytest.mark.anyio
async def test_the_asyncio_client_returns_the_same(address: str, client: Ganloom) -> None:
    async with AsyncGanloom(address) as other:
        still = await other.image(7, provenance=True)
        told = await asyncio.gather(
            other.mix([[1, 2]], [[3]]),
            other.avatar("Felix", size=32),
            other.latent(7, truncation=0.5),
            other.neighbours("faces", seed=3, among=99),
            other.verify(still.data),
        )
    assert list(told) == [
        client.mix([[1, 2]], [[3]]),
        client.avatar("Felix", size=32),
        client.latent(7, truncation=0.5),
        client.neighbours("faces", seed=3, among=99),
        client.verify(still.data),
    ]

"""Edits, directions and explorations of both clients, against a real service."""

from __future__ import annotations

import io
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from PIL import Image, ImageSequence

from app.client import AsyncGanloom, Ganloom, GanloomError
from model.checkpoint import Checkpoint

STRENGTHS = [-1.0, -0.25, 0.5, 1.25, 2.0]


@pytest.fixture
def client(address: str) -> Iterator[Ganloom]:
    with Ganloom(address) as client:
        yield client


def pixels_of(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


def stills(address: str) -> list[np.ndarray]:
    """Ask for each frame by a URL that no client wrote."""
    urls = [f"{address}/images/7.png?edits=sefa-1:{strength:g}" for strength in STRENGTHS]
    return [pixels_of(httpx.get(url).content) for url in urls]


def test_frames_are_the_stills_with_their_edits(client: Ganloom, address: str) -> None:
    frames = client.explore(7, "sefa-1", between=(-1, 2), steps=5)
    assert np.array_equal(np.stack([np.asarray(frame) for frame in frames]), stills(address))


def test_a_strip_and_a_film_hold_the_same_frames(client: Ganloom, address: str) -> None:
    strip = client.explore_strip(7, "sefa-1", between=(-1, 2), steps=5)
    film = client.explore_film(7, "sefa-1", between=(-1, 2), steps=5, film_format="apng")
    with Image.open(io.BytesIO(film)) as image:
        frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]
    assert np.array_equal(np.asarray(strip), np.concatenate(stills(address), axis=1))
    assert np.array_equal(np.stack(frames), stills(address))


def test_without_bounds_it_goes_from_end_to_end_of_what_is_listed(client: Ganloom) -> None:
    (strength,) = [item.strength for item in client.directions() if item.name == "sefa-1"]
    named = client.explore_strip(7, "sefa-1", between=(-strength, strength))
    assert client.explore_strip(7, "sefa-1") == named
    assert named.width == 9 * named.height


def test_directions_are_those_of_the_checkpoint(
    client: Ganloom, checkpoints: dict[str, Checkpoint]
) -> None:
    for model, listed in (("pets", client.directions("pets")), ("faces", client.directions())):
        entries = checkpoints[model].directions.entries
        assert [(item.name, item.kind, item.order, item.strength) for item in listed] == [
            (entry.name, entry.kind, entry.order, entry.strength) for entry in entries
        ]


@pytest.mark.parametrize("edits", [{"sefa-1": 1.5, "pca-2": -2}, {"sefa-2": -1 / 3}, {}])
def test_edits_are_the_same_however_they_are_sent(
    client: Ganloom, address: str, edits: dict[str, float]
) -> None:
    body = {"seed": 7, "edits": edits}
    native = httpx.post(f"{address}/generate", json=body).content
    (made,) = client.generate(seed=7, edits=edits)
    assert client.image(7, edits=edits).data == made.data == native
    first, _ = client.interpolate([7, 8], steps=2, edits=edits)
    assert np.array_equal(np.asarray(first), pixels_of(native))


def test_a_direction_that_is_not_there_is_refused_by_name(client: Ganloom) -> None:
    with pytest.raises(GanloomError, match="sefa-1, sefa-2, pca-1, pca-2") as raised:
        client.explore(7, "hat")
    assert (raised.value.status, raised.value.faults[0].field) == (422, "direction")


@pytest.mark.anyio
async def test_the_asyncio_client_returns_the_same(address: str, client: Ganloom) -> None:
    async with AsyncGanloom(address) as other:
        frames = await other.explore(7, "pca-1", steps=3, edits={"sefa-1": 1})
        strip = await other.explore_strip(7, "pca-1", between=(0, 1))
        film = await other.explore_film(7, "pca-1", steps=3, film_format="gif")
        listed = [await other.directions(), await other.directions("pets")]
    assert frames == client.explore(7, "pca-1", steps=3, edits={"sefa-1": 1})
    assert strip == client.explore_strip(7, "pca-1", between=(0, 1))
    assert film == client.explore_film(7, "pca-1", steps=3, film_format="gif")
    assert listed == [client.directions(), client.directions("pets")]

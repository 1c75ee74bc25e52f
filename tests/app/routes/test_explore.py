from __future__ import annotations

import io
import zipfile

import httpx
import numpy as np
import pytest
from PIL import Image, ImageSequence

from model.easing import ease

pytestmark = pytest.mark.anyio

SWEEP = "/explore?seed=7&direction=sefa-1&from=-1&to=2&steps=7"
STRENGTHS = [-1, -0.5, 0, 0.5, 1, 1.5, 2]


async def stills(client: httpx.AsyncClient) -> list[bytes]:
    answers = [await client.get(f"/images/7.png?edits=sefa-1:{at}") for at in STRENGTHS]
    return [answer.content for answer in answers]


async def test_each_frame_is_the_still_with_its_edit(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{SWEEP}&format=zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        frames = [archive.read(name) for name in sorted(archive.namelist())]
    assert frames == await stills(client)
    assert len(set(frames)) == 7
    assert answer.headers["x-ganloom-seeds"] == "7"


async def test_a_strip_holds_the_frames_from_left_to_right(client: httpx.AsyncClient) -> None:
    strip = np.asarray(Image.open(io.BytesIO((await client.get(SWEEP)).content)))
    expected = [np.asarray(Image.open(io.BytesIO(still))) for still in await stills(client)]
    assert np.array_equal(strip, np.concatenate(expected, axis=1))


async def test_a_film_holds_the_frames_in_order(client: httpx.AsyncClient) -> None:
    answer = await client.get(SWEEP, headers={"Accept": "image/apng"})
    film = Image.open(io.BytesIO(answer.content))
    frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(film)]
    expected = [np.asarray(Image.open(io.BytesIO(still))) for still in await stills(client)]
    assert np.array_equal(np.stack(frames), np.stack(expected))


async def test_a_third_is_a_strength_that_a_url_can_repeat(client: httpx.AsyncClient) -> None:
    query = "/explore?seed=7&direction=sefa-1&from=0&to=1&steps=4&format=zip"
    with zipfile.ZipFile(io.BytesIO((await client.get(query)).content)) as archive:
        frame = archive.read("frame-001.png")
    assert (await client.get("/images/7.png?edits=sefa-1:0.3333")).content == frame


async def test_without_bounds_it_goes_as_far_as_the_direction_is_meant_for(
    client: httpx.AsyncClient,
) -> None:
    whole = await client.get("/explore?seed=7&direction=sefa-1")
    named = await client.get("/explore?seed=7&direction=sefa-1&from=-3&to=3&steps=9")
    assert whole.content == named.content


async def test_it_passes_through_every_strength_that_is_named(client: httpx.AsyncClient) -> None:
    query = "/explore?seed=7&direction=sefa-1&through=0,2,-1&steps=5&format=zip"
    with zipfile.ZipFile(io.BytesIO((await client.get(query)).content)) as archive:
        frames = [archive.read(name) for name in sorted(archive.namelist())]
    urls = [f"/images/7.png?edits=sefa-1:{at}" for at in (0, 1, 2, 0.5, -1)]
    assert frames == [(await client.get(url)).content for url in urls]


async def test_easing_is_that_of_css_between_each_two_strengths(client: httpx.AsyncClient) -> None:
    query = "/explore?seed=7&direction=sefa-1&through=0,2,0&steps=9&easing=ease-in&format=zip"
    with zipfile.ZipFile(io.BytesIO((await client.get(query)).content)) as archive:
        frames = [archive.read(name) for name in sorted(archive.namelist())]
    done = float(ease(np.array([0.25]), "ease-in")[0])
    strengths = {0: 0.0, 1: 2 * done, 4: 2.0, 5: 2 - 2 * done, 8: 0.0}
    for frame, strength in strengths.items():
        still = await client.get(f"/images/7.png?edits=sefa-1:{strength:.4f}")
        assert still.content == frames[frame]


async def test_a_film_through_many_strengths_holds_the_stills(client: httpx.AsyncClient) -> None:
    query = "/explore?seed=7&direction=sefa-1&through=-1,2,0.5&steps=7&easing=ease&format="
    film = Image.open(io.BytesIO((await client.get(f"{query}apng")).content))
    shown = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(film)]
    with zipfile.ZipFile(io.BytesIO((await client.get(f"{query}zip")).content)) as archive:
        files = [archive.read(name) for name in sorted(archive.namelist())]
    assert np.array_equal(shown, [np.asarray(Image.open(io.BytesIO(file))) for file in files])


async def test_other_edits_hold_for_every_frame(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{SWEEP}&edits=pca-1:1&format=zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        frame = archive.read("frame-006.png")
    assert (await client.get("/images/7.png?edits=pca-1:1,sefa-1:2")).content == frame


async def test_the_etag_covers_every_parameter(client: httpx.AsyncClient) -> None:
    etag = (await client.head(SWEEP)).headers["etag"]
    again = await client.get(SWEEP, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    others = [
        *("seed=8&direction=sefa-1&from=-1&to=2&steps=7", "seed=7&direction=sefa-2&from=-1&to=2"),
        *("seed=7&direction=sefa-1&from=0&to=2&steps=7", "seed=7&direction=sefa-1&from=-1&to=1"),
        "seed=7&direction=sefa-1&from=-1&to=2&steps=7&edits=pca-1:1",
        "seed=7&direction=sefa-1&from=-1&to=2&steps=7&easing=ease",
        "seed=7&direction=sefa-1&through=-1,0,2&steps=7",
    ]
    etags = {(await client.head(f"/explore?{other}")).headers["etag"] for other in others}
    assert len(etags | {etag}) == len(others) + 1


async def test_a_label_is_kept(client: httpx.AsyncClient) -> None:
    query = "/explore?seed=7&direction=sefa-1&from=0&to=1&steps=2&model=pets&label=dog&format=zip"
    with zipfile.ZipFile(io.BytesIO((await client.get(query)).content)) as archive:
        frame = archive.read("frame-000.png")
    assert (await client.get("/images/7.png?model=pets&label=dog")).content == frame


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("direction=sefa-1", "seed"),
        ("seed=7", "direction"),
        ("seed=7&direction=hat", "direction"),
        ("seed=7&direction=a/b", "direction"),
        ("seed=07&direction=sefa-1", "seed"),
        ("seed=7&direction=sefa-1&from=-21", "from"),
        ("seed=7&direction=sefa-1&to=nan", "to"),
        ("seed=7&direction=sefa-1&steps=1", "steps"),
        ("seed=7&direction=sefa-1&steps=513", "steps"),
        ("seed=7&direction=sefa-1&start=1", "start"),
        ("seed=7&direction=sefa-1&easing=bounce", "easing"),
        *(
            (f"seed=7&direction=sefa-1&through={way}", "through")
            for way in ("1", "1,", "1,x", "0,21")
        ),
        ("seed=7&direction=sefa-1&through=0,1&from=0", "from"),
        ("seed=7&direction=sefa-1&through=0,1&to=1", "to"),
        ("seed=7&direction=sefa-1&through=0,1,2&steps=2", "steps"),
        ("seed=7&direction=sefa-1&edits=hat:1", "edits"),
    ],
)
async def test_what_is_wrong_is_named(client: httpx.AsyncClient, query: str, field: str) -> None:
    answer = await client.get(f"/explore?{query}")
    assert answer.status_code == 422
    assert [item["field"] for item in answer.json()["errors"]] == [field]

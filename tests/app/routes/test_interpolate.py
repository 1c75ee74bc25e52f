from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from fractions import Fraction

import av
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from app.films.timing import FilmTiming
from app.films.writer import encode_film
from app.image_encoding import AnimationFormat
from model.inference import InferenceEngine
from model.latents import interpolate, sample_latents

pytestmark = pytest.mark.anyio

EngineOf = Callable[[str], InferenceEngine]

WALK = "/interpolate?start=1&end=2&steps=9"


def render_walk(engine: InferenceEngine, seeds: list[int], steps: int) -> NDArray[np.uint8]:
    latents = interpolate(sample_latents(engine.spec, seeds), steps)
    alone = [engine.generate_pixels(latents.rows(row, row + 1)) for row in range(steps)]
    return np.concatenate(alone)


async def test_a_strip_holds_the_frames_from_left_to_right(
    client: httpx.AsyncClient, engine_of: EngineOf
) -> None:
    answer = await client.get(WALK)
    strip = np.asarray(Image.open(io.BytesIO(answer.content)))
    expected = render_walk(engine_of("faces"), [1, 2], 9)
    assert np.array_equal(strip, np.concatenate(list(expected), axis=1))


@pytest.mark.parametrize("name", ["apng", "webp"])
async def test_frame_k_of_a_film_is_the_still_of_its_latent(
    client: httpx.AsyncClient, engine_of: EngineOf, name: str
) -> None:
    answer = await client.get(f"{WALK}&format={name}")
    assert answer.headers["content-type"] == f"image/{name}"
    film = Image.open(io.BytesIO(answer.content))
    expected = render_walk(engine_of("faces"), [1, 2], 9)
    assert len(list(ImageSequence.Iterator(film))) == len(expected)
    for index, frame in enumerate(expected):
        film.seek(index)
        assert np.array_equal(np.asarray(film.convert("RGB")), frame)


async def test_gif_is_near_the_stills(client: httpx.AsyncClient, engine_of: EngineOf) -> None:
    film = Image.open(io.BytesIO((await client.get(f"{WALK}&format=gif")).content))
    expected = render_walk(engine_of("faces"), [1, 2], 9)
    assert len(list(ImageSequence.Iterator(film))) == len(expected)
    for index, frame in enumerate(expected):
        film.seek(index)
        distance = np.asarray(film.convert("RGB")).astype(int) - frame
        assert np.abs(distance).mean() < 8


async def test_the_ends_of_a_walk_are_the_seeds_own_images(client: httpx.AsyncClient) -> None:
    answer = await client.get("/interpolate?seeds=5,3,8&steps=5&format=zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        frames = [archive.read(name) for name in archive.namelist()]
        assert archive.namelist()[0] == "frame-000.png"
    for seed, frame in ((5, frames[0]), (3, frames[2]), (8, frames[4])):
        assert (await client.get(f"/images/{seed}.png")).content == frame
    assert answer.headers["x-ganloom-seeds"] == "5,3,8"


async def test_lerp_differs_from_slerp_between_the_ends(client: httpx.AsyncClient) -> None:
    walks = []
    for method in ("slerp", "lerp"):
        answer = await client.get(f"{WALK}&format=zip&method={method}")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            walks.append([archive.read(name) for name in archive.namelist()])
    assert walks[0][0] == walks[1][0]
    assert walks[0][4] != walks[1][4]


async def test_label_and_model_are_used(client: httpx.AsyncClient) -> None:
    query = "/interpolate?seeds=1,2&steps=2&model=pets&label=dog&format=zip"
    with zipfile.ZipFile(io.BytesIO((await client.get(query)).content)) as archive:
        first = archive.read("frame-000.png")
    assert (await client.get("/images/1.png?model=pets&label=1")).content == first


async def test_accept_picks_the_format(client: httpx.AsyncClient) -> None:
    for accept, media_type in (("image/gif", "image/gif"), ("*/*", "image/png")):
        answer = await client.get(WALK, headers={"Accept": accept})
        assert answer.headers["content-type"] == media_type
        assert answer.headers["vary"] == "Accept"


async def test_the_etag_answers_for_the_walk(client: httpx.AsyncClient) -> None:
    answer = await client.get(WALK)
    etag = answer.headers["etag"]
    again = await client.get(WALK, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    others = ["&method=lerp", "&truncation=0.5", "&format=gif", "&format=zip"]
    etags = {(await client.head(WALK + other)).headers["etag"] for other in others}
    assert len(etags | {etag}) == len(others) + 1


@pytest.mark.parametrize("name", ["gif", "apng", "webp", "mp4", "webm"])
async def test_a_long_film_is_the_one_that_is_written_at_once(
    client: httpx.AsyncClient, engine_of: EngineOf, name: str
) -> None:
    answer = await client.get(
        f"/interpolate?seeds=1,2,3&steps=75&format={name}&fps=25&easing=ease-in-out"
    )
    engine = engine_of("faces")
    latents = interpolate(sample_latents(engine.spec, [1, 2, 3]), 75, "slerp", "ease-in-out")
    frames = np.concatenate([engine.generate_pixels(row) for row in latents.split(1)])
    film = AnimationFormat(name)
    assert answer.headers["content-type"] == film.media_type
    assert answer.content == encode_film(frames, film, FilmTiming(Fraction(1, 25)))


async def test_every_frame_of_a_webm_is_its_still(
    client: httpx.AsyncClient, engine_of: EngineOf
) -> None:
    answer = await client.get(f"{WALK}&format=webm")
    with av.open(io.BytesIO(answer.content), "r") as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert np.array_equal(np.stack(shown), render_walk(engine_of("faces"), [1, 2], 9))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("format=png&fps=10", "fps"),
        ("format=zip&frame_ms=50", "frame_ms"),
        ("loop=2", "loop"),
        ("format=gif&fps=10&frame_ms=100", "frame_ms"),
        ("format=mp4&loop=1", "loop"),
        ("format=webm&loop=0", "loop"),
    ],
)
async def test_timing_is_for_what_moves(client: httpx.AsyncClient, query: str, field: str) -> None:
    answer = await client.get(f"{WALK}&{query}")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_whatever_changes_a_film_changes_its_etag(client: httpx.AsyncClient) -> None:
    same = [
        (await client.head(f"{WALK}&format=gif{more}")).headers["etag"]
        for more in ("", "&frame_ms=80", "&loop=0", "&easing=linear")
    ]
    assert len(set(same)) == 1
    others = ["&fps=12", "&frame_ms=81", "&loop=1", "&easing=ease", "&method=lerp"]
    etags = {(await client.head(f"{WALK}&format=gif{more}")).headers["etag"] for more in others}
    assert len(etags | set(same)) == len(others) + 1


async def test_a_film_that_is_known_is_not_rendered_again(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{WALK}&format=webm")
    again = await client.get(
        f"{WALK}&format=webm", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert "content-length" not in answer.headers

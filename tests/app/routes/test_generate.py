from __future__ import annotations

import base64
import email
import email.policy
import io
import zipfile
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from model.contact_sheet import contact_sheet
from model.inference import InferenceEngine
from model.latents import Latents, sample_latents, truncate

pytestmark = pytest.mark.anyio

EngineOf = Callable[[str], InferenceEngine]
Pixels = NDArray[np.uint8]


def decode(data: bytes, channels: int = 3) -> Pixels:
    image = Image.open(io.BytesIO(data))
    return np.asarray(image).reshape(image.height, image.width, channels)


def render(engine: InferenceEngine, latents: Latents) -> Pixels:
    """Render row by row, as nothing in the service does."""
    alone = [engine.generate_pixels(latents.rows(row, row + 1)) for row in range(len(latents))]
    return np.concatenate(alone)


async def post(client: httpx.AsyncClient, body: Any, **headers: str) -> httpx.Response:
    return await client.post("/generate", json=body, headers=headers)


@pytest.mark.parametrize(("model", "channels"), [("faces", 3), ("pets", 4), ("signs", 1)])
async def test_a_seed_gives_the_pixels_of_the_engine(
    client: httpx.AsyncClient, engine_of: EngineOf, model: str, channels: int
) -> None:
    answer = await post(client, {"model": model, "seed": 7})
    engine = engine_of(model)
    expected = render(engine, sample_latents(engine.spec, [7]))[0]
    assert answer.headers["content-type"] == "image/png"
    assert np.array_equal(decode(answer.content, channels), expected)


async def test_the_headers_say_what_made_it(client: httpx.AsyncClient) -> None:
    answer = await post(client, {"seeds": [1, 2, 3, 9]})
    models = (await client.get("/models")).json()["models"]
    assert answer.headers["x-ganloom-model"] == "faces"
    assert answer.headers["x-ganloom-digest"] == models[0]["digest"]
    assert answer.headers["x-ganloom-seeds"] == "1-3,9"
    assert answer.headers["x-ganloom-batch"] == "4"
    stages = [stage.split(";")[0] for stage in answer.headers["server-timing"].split(", ")]
    assert stages == ["queue", "forward", "encode"]


async def test_n_counts_on_from_the_seed_onto_a_sheet(
    client: httpx.AsyncClient, engine_of: EngineOf
) -> None:
    answer = await post(client, {"seed": 5, "n": 10})
    engine = engine_of("faces")
    expected = contact_sheet(render(engine, sample_latents(engine.spec, range(5, 15))))
    assert np.array_equal(decode(answer.content), expected)


@pytest.mark.parametrize("body", [b"", b"{}"])
async def test_without_a_seed_the_server_picks_one_and_says_which(
    client: httpx.AsyncClient, body: bytes
) -> None:
    answer = await client.post("/generate", content=body)
    again = await post(client, {"seed": int(answer.headers["x-ganloom-seeds"])})
    assert again.content == answer.content


async def test_without_a_seed_n_still_counts(client: httpx.AsyncClient) -> None:
    answer = await post(client, {"n": 3})
    first, last = answer.headers["x-ganloom-seeds"].split("-")
    assert int(last) - int(first) == 2


async def test_explicit_latents_give_their_own_pixels(
    client: httpx.AsyncClient, engine_of: EngineOf
) -> None:
    rows = [[0.5] * 8, [-1, 0, 1, 2, -2, 3, 0.25, 10]]
    answer = await post(client, {"latents": rows, "layout": "zip"})
    expected = render(engine_of("faces"), Latents(np.array(rows, np.float32)))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["latent-000.png", "latent-001.png"]
        found = np.stack([decode(archive.read(name)) for name in archive.namelist()])
    assert np.array_equal(found, expected)
    assert answer.headers["x-ganloom-seeds"] == "none"


async def test_truncation_pulls_toward_the_average(
    client: httpx.AsyncClient, engine_of: EngineOf
) -> None:
    answer = await post(client, {"seed": 3, "truncation": 0.5})
    engine = engine_of("faces")
    expected = render(engine, truncate(sample_latents(engine.spec, [3]), 0.5))[0]
    assert np.array_equal(decode(answer.content), expected)
    flat = [await post(client, {"seed": seed, "truncation": 0}) for seed in (1, 2)]
    assert flat[0].content == flat[1].content


@pytest.mark.parametrize(("label", "index"), [(1, 1), ("dog", 1), ("0", 0), ("7", 2)])
async def test_a_label_is_an_index_or_a_class_name(
    client: httpx.AsyncClient, engine_of: EngineOf, label: int | str, index: int
) -> None:
    answer = await post(client, {"model": "pets", "seed": 3, "label": label})
    engine = engine_of("pets")
    expected = render(engine, sample_latents(engine.spec, [3], index))[0]
    assert np.array_equal(decode(answer.content, 4), expected)


async def test_explicit_latents_take_a_label(
    client: httpx.AsyncClient, engine_of: EngineOf
) -> None:
    answer = await post(client, {"model": "pets", "latents": [[1, 2, 3, 4]], "label": "cat"})
    z = np.array([[1, 2, 3, 4]], np.float32)
    expected = render(engine_of("pets"), Latents(z, np.zeros(1, np.int64)))[0]
    assert np.array_equal(decode(answer.content, 4), expected)


@pytest.mark.parametrize("image_format", ["png", "jpeg", "webp"])
async def test_every_layout_holds_the_stills_own_bytes(
    client: httpx.AsyncClient, image_format: str
) -> None:
    seeds = [4, 9, 4]
    still = {seed: await post(client, {"seed": seed, "format": image_format}) for seed in seeds}
    expected = [still[seed].content for seed in seeds]
    extension = "jpg" if image_format == "jpeg" else image_format
    names = [f"seed-4.{extension}", f"seed-9.{extension}", f"seed-4-2.{extension}"]
    body = {"seeds": seeds, "format": image_format}

    packed = await post(client, {**body, "layout": "zip"})
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert archive.namelist() == names
        assert [archive.read(name) for name in names] == expected

    parts = await post(client, {**body, "layout": "multipart"})
    head = f"Content-Type: {parts.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + parts.content, policy=email.policy.HTTP)
    found = list(message.iter_parts())
    assert [part.get_filename() for part in found] == names
    assert [part.get_payload(decode=True) for part in found] == expected

    document = (await post(client, {**body, "layout": "json"})).json()
    assert document["media_type"] == f"image/{image_format}"
    assert [image["seed"] for image in document["images"]] == seeds
    assert [base64.b64decode(image["data"]) for image in document["images"]] == expected


async def test_json_names_the_class_drawn_from_each_seed(
    client: httpx.AsyncClient, engine_of: EngineOf
) -> None:
    answer = await post(client, {"model": "pets", "seed": 0, "n": 9, "layout": "json"})
    labels = sample_latents(engine_of("pets").spec, range(9)).labels
    assert labels is not None
    assert [image["label"] for image in answer.json()["images"]] == labels.tolist()


@pytest.mark.parametrize(
    ("accept", "n", "media_type"),
    [
        ("image/webp", 1, "image/webp"),
        ("image/jpeg, image/png;q=0.5", 4, "image/jpeg"),
        ("application/zip", 2, "application/zip"),
        ("multipart/mixed", 1, "multipart/mixed"),
        ("application/json, text/plain, */*", 1, "application/json"),
        ("text/html, image/*;q=0.8", 1, "image/png"),
        ("image/png;q=0, image/webp;q=0.1", 1, "image/webp"),
        ("*/*", 1, "image/png"),
        ("", 1, "image/png"),
    ],
)
async def test_accept_picks_layout_and_format(
    client: httpx.AsyncClient, accept: str, n: int, media_type: str
) -> None:
    answer = await post(client, {"seed": 1, "n": n}, Accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == media_type
    assert answer.headers["vary"] == "Accept"


async def test_the_body_wins_over_accept(client: httpx.AsyncClient) -> None:
    body = {"seed": 1, "format": "webp", "layout": "single"}
    answer = await post(client, body, Accept="application/json")
    assert answer.headers["content-type"] == "image/webp"


async def test_nothing_acceptable_is_a_406(client: httpx.AsyncClient) -> None:
    answer = await post(client, {"seed": 1}, Accept="text/html")
    assert answer.status_code == 406
    assert "image/png" in answer.json()["detail"]


async def test_the_seeds_header_stays_short(client: httpx.AsyncClient) -> None:
    seeds = list(range(10**12, 10**12 + 512, 2))
    answer = await post(client, {"seeds": seeds})
    assert answer.status_code == 200
    assert len(answer.headers["x-ganloom-seeds"]) <= 1010
    assert answer.headers["x-ganloom-seeds"].endswith(",...")


@pytest.mark.parametrize(("query", "names"), [("seed=7", ["seed"]), ("n=5&sead=1", ["n", "sead"])])
async def test_fields_in_the_query_are_refused_instead_of_ignored(
    client: httpx.AsyncClient, query: str, names: list[str]
) -> None:
    answer = await client.post(f"/generate?{query}", json={})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == names
    assert "goes into the body as JSON" in answer.json()["detail"]
    assert (await client.post("/generate?", json={"seed": 7})).status_code == 200

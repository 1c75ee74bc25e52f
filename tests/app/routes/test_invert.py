"""POST /invert and /jobs, with the process that searches."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from app.main import create_app
from app.settings import Settings
from tests.app.conftest import ClientFactory, running

pytestmark = pytest.mark.anyio

PNG = {"Content-Type": "image/png"}
QUICK: dict[str, Any] = {"steps": 40, "restarts": 2}
LONG: dict[str, Any] = {"steps": 2000, "restarts": 64}


def encode(pixels: np.ndarray, name: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, name)
    return buffer.getvalue()


def decode(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image)


FLAT = encode(np.full((16, 16, 3), 90, np.uint8))


async def post(
    client: httpx.AsyncClient, content: bytes = FLAT, **parameters: object
) -> dict[str, Any]:
    query = {key: str(value) for key, value in {**QUICK, **parameters}.items()}
    answer = await client.post("/invert", content=content, headers=PNG, params=query)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    assert answer.headers["location"] == job["links"]["self"] == f"/jobs/{job['id']}"
    return job


async def events_of(client: httpx.AsyncClient, job: dict[str, Any]) -> list[tuple[str, Any]]:
    answer = await client.get(job["links"]["events"])
    assert answer.headers["content-type"].startswith("text/event-stream")
    parts = [part.split("\n") for part in answer.text.strip().split("\n\n")]
    return [
        (lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: ")))
        for lines in parts
        if not lines[0].startswith(":")  # a comment, which keeps a slow search's connection open
    ]


async def finish(client: httpx.AsyncClient, job: dict[str, Any]) -> dict[str, Any]:
    """Wait for the end of a job, as its events tell it."""
    name, last = (await events_of(client, job))[-1]
    assert name == "end"
    ended: dict[str, Any] = last
    return ended


@pytest.fixture(scope="module")
async def client(serve: ClientFactory, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    assert anyio_backend == "asyncio"
    async with serve(max_upload_bytes=2**16, max_upload_pixels=2**12) as client:
        yield client


async def test_an_own_sample_is_found_and_its_image_is_that_of_generate(
    client: httpx.AsyncClient,
) -> None:
    image = (await client.get("/images/7.png")).content
    job = await post(client, image, steps=150, restarts=4)
    assert job["state"] in ("queued", "running")
    assert job["result"] is None
    ended = await finish(client, job)
    assert (ended["state"], ended["progress"]) == ("done", 1.0)
    assert ended["psnr_db"] > 30
    result = await client.get(ended["links"]["result"])
    body = {"latents": ended["result"]["latents"]}
    generated = await client.post("/generate", json=body)
    assert result.headers["content-type"] == "image/png"
    assert result.content == generated.content
    assert ended == (await client.get(job["links"]["self"])).json()


async def test_equal_requests_find_equal_latents_also_side_by_side(
    client: httpx.AsyncClient,
) -> None:
    jobs = [await post(client) for _ in range(4)]
    ended = await asyncio.gather(*(finish(client, job) for job in jobs))
    latents = [item["result"]["latents"] for item in ended]
    assert latents == [latents[0]] * 4


async def test_octets_are_whatever_their_file_is(client: httpx.AsyncClient) -> None:
    octets = {"Content-Type": "application/octet-stream"}
    for content in (FLAT, encode(np.full((16, 16, 3), 90, np.uint8), "WEBP")):
        answer = await client.post("/invert", content=content, headers=octets, params=QUICK)
        assert answer.status_code == 202, answer.text
    answer = await client.post("/invert", content=b"no image", headers=octets)
    assert answer.status_code == 422


async def test_realism_asks_the_discriminator_where_there_is_one(client: httpx.AsyncClient) -> None:
    ended = await finish(client, await post(client, realism=0))
    doubtful = await finish(client, await post(client, realism=1))
    assert doubtful["state"] == "done"
    assert doubtful["result"] != ended["result"]
    gray = encode(np.full((16, 16), 90, np.uint8))
    asked = {"model": "signs", "realism": "0.5"}
    answer = await client.post("/invert", content=gray, headers=PNG, params=asked)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "realism")
    assert "with-discriminator" in answer.json()["detail"]


async def test_events_tell_of_progress_and_end_with_the_job(client: httpx.AsyncClient) -> None:
    told = await events_of(client, await post(client, steps=60))
    assert [name for name, _ in told[:-1]] == ["progress"] * (len(told) - 1)
    progress = [job["progress"] for _, job in told]
    assert progress == sorted(progress)
    assert len(progress) >= 2
    assert told[-1] == ("end", (await client.get(told[-1][1]["links"]["self"])).json())


async def test_inpaint_fills_what_is_transparent_and_keeps_the_rest(
    client: httpx.AsyncClient,
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 4), np.uint8)
    pixels[..., 3] = 255
    pixels[4:9, 4:9, 3] = 0
    ended = await finish(client, await post(client, encode(pixels), task="inpaint"))
    composite = decode((await client.get(ended["links"]["composite"])).content)
    rendered = decode((await client.get(ended["links"]["result"])).content)
    known = pixels[..., 3] == 255
    assert np.array_equal(composite[known], pixels[known][:, :3])
    assert not np.array_equal(rendered[known], composite[known])


async def test_super_resolve_takes_a_small_image_and_gives_a_large_one(
    client: httpx.AsyncClient,
) -> None:
    small = encode(np.full((8, 8, 3), 100, np.uint8))
    ended = await finish(client, await post(client, small, task="super-resolve", factor=2))
    image = decode((await client.get(ended["links"]["result"])).content)
    assert image.shape == (16, 16, 3)


async def test_the_class_is_given_or_found(client: httpx.AsyncClient) -> None:
    image = (await client.get("/images/3.png?model=pets&label=dog")).content
    given = await finish(client, await post(client, image, model="pets", label="cat"))
    found = await finish(client, await post(client, image, model="pets", steps=100))
    assert given["result"]["label"] == 0
    assert found["result"]["label"] == 1
    body = {"model": "pets", **found["result"]}
    generated = await client.post("/generate", json=body)
    result = await client.get(found["links"]["result"])
    assert generated.content == result.content


async def test_a_running_job_is_cancelled_and_then_forgotten(client: httpx.AsyncClient) -> None:
    job = await post(client, **LONG)
    cancelled = (await client.delete(job["links"]["self"])).json()
    assert cancelled["state"] == "cancelled"
    assert (await finish(client, job))["state"] == "cancelled"
    result = await client.get(f"/jobs/{job['id']}/result.png")
    assert result.status_code == 409
    assert (await client.delete(job["links"]["self"])).json() == cancelled
    for part in ("self", "events"):
        answer = await client.get(job["links"][part])
        assert answer.status_code == 410
        assert "POST /invert again" in answer.json()["detail"]
    assert (await client.delete(job["links"]["self"])).status_code == 410
    assert (await finish(client, await post(client)))["state"] == "done"


async def test_a_job_without_a_composite_says_so(client: httpx.AsyncClient) -> None:
    ended = await finish(client, await post(client))
    assert ended["links"]["composite"] is None
    answer = await client.get(ended["links"]["result"], params={"view": "composite"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "view")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("model", "nobody"), ("digest", "0" * 64), ("label", "cat"), ("task", "sharpen")],
        *[("steps", "0"), ("steps", "2001"), ("steps", "1.5"), ("restarts", "65")],
        *[
            ("restarts", "x"),
            ("seed", "-1"),
            ("realism", "1.5"),
            ("realism", "nan"),
            ("factor", "3"),
            ("sead", "1"),
        ],
    ],
)
async def test_a_wrong_parameter_is_named(
    client: httpx.AsyncClient, field: str, value: str
) -> None:
    answer = await client.post("/invert", content=FLAT, headers=PNG, params={field: value})
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (FLAT, "application/x-www-form-urlencoded", 415),
        (FLAT, "image/gif", 415),
        (FLAT, "", 415),
        (FLAT, "image/jpeg", 422),
        (b"", "image/png", 422),
        (FLAT[:-30], "image/png", 422),
        (b"no image", "image/webp", 422),
        (encode(np.zeros((65, 64, 3), np.uint8)), "image/png", 422),
        (bytes(2**16 + 1), "image/png", 413),
    ],
)
async def test_a_body_that_is_no_image_is_refused(
    client: httpx.AsyncClient, content: bytes, media_type: str, status: int
) -> None:
    headers = {"Content-Type": media_type}
    answer = await client.post("/invert", content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "/tmp" not in answer.text
    if status == 422:
        assert answer.json()["errors"][0]["field"] == "body"


@pytest.mark.parametrize("path", ["", "/events", "/result.png"])
async def test_a_job_that_is_not_there_is_a_404(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/jobs/nothing{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_what_does_not_fit_into_the_queue_is_refused_and_told_when_to_return(
    serve: ClientFactory,
) -> None:
    async with serve(inversions=1, inversion_queue=1) as client:
        jobs = [await post(client, **LONG) for _ in range(2)]
        answer = await client.post("/invert", content=FLAT, headers=PNG)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        await client.delete(jobs[1]["links"]["self"])  # one that waits
        assert (await post(client))["state"] in ("queued", "running")


async def test_an_ended_job_expires(serve: ClientFactory) -> None:
    ttl_s = 0.01
    async with serve(job_ttl_s=ttl_s) as client:
        job = await post(client, **LONG)
        assert (await client.delete(job["links"]["self"])).json()["state"] == "cancelled"
        passed = asyncio.Event()
        asyncio.get_running_loop().call_later(ttl_s, passed.set)  # after the job's own timer
        await passed.wait()
        assert (await client.get(job["links"]["self"])).status_code == 410


async def test_a_search_that_takes_too_long_fails(serve: ClientFactory) -> None:
    async with serve(inversion_limit_s=0.01) as client:
        ended = await finish(client, await post(client, **LONG))
        assert ended["state"] == "failed"
        assert "longer than it may" in ended["detail"]


async def test_weights_that_were_exchanged_fail_the_job_alone(
    settings: Settings, weights: Path, tmp_path: Path
) -> None:
    for name in ("faces", "pets"):
        (tmp_path / f"{name}.safetensors").write_bytes(
            (weights / f"{name}.safetensors").read_bytes()
        )
    changed = settings.model_copy(update={"weights": tmp_path})
    async with running(create_app(changed)) as client:
        (tmp_path / "faces.safetensors").write_bytes((weights / "signs.safetensors").read_bytes())
        ended = await finish(client, await post(client))
        assert ended["state"] == "failed"
        assert "safetensors" not in json.dumps(ended)
        assert (await finish(client, await post(client, model="pets")))["state"] == "done"

"""Searches by both clients, against a real service and the process that searches."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from app.client import (
    AsyncGanloom,
    ForeignAnswerError,
    Ganloom,
    GanloomError,
    Job,
    JobFailedError,
    Retries,
)
from app.client.job_answers import EventReader
from app.client.uploading import Picture
from app.main import create_app
from app.settings import Settings
from tests.app.served import listening

QUICK: dict[str, Any] = {"steps": 40, "restarts": 2}
LONG: dict[str, Any] = {"steps": 2000, "restarts": 64}


@pytest.fixture
def client(address: str) -> Iterator[Ganloom]:
    with Ganloom(address) as client:
        yield client


@pytest.fixture
def picture(client: Ganloom) -> Image.Image:
    return client.image(7).image


class Enough(Exception):  # noqa: N818 -- what a person says who wants no more
    pass


def refuse_more(_: Job) -> None:
    raise Enough


@pytest.mark.parametrize("poll_s", [None, 0.01], ids=["events", "polling"])
def test_what_is_found_is_a_latent_and_its_image(
    client: Ganloom, picture: Image.Image, poll_s: float | None
) -> None:
    seen: list[Job] = []
    found = client.invert(picture, on_progress=seen.append, poll_s=poll_s, **QUICK)
    (made,) = client.generate(latents=[found.latent])
    assert (found.data, found.image) == (made.data, made.image)
    assert (found.digest, found.model, found.label) == (made.digest, "faces", None)
    assert found.composite is None
    progress = [job.progress for job in seen]
    assert progress == sorted(progress)
    last = seen[-1]
    assert (last.state, last.progress, last.psnr_db) == ("done", 1.0, found.psnr_db)
    assert last.latent == found.latent


def test_bytes_a_path_and_an_image_find_the_same(
    client: Ganloom, picture: Image.Image, tmp_path: Path
) -> None:
    path = tmp_path / "seven.webp"
    picture.save(path, lossless=True)
    ways: list[Picture] = [picture, path, str(path), client.image(7).data]
    ways.append(picture.convert("P", colors=256))
    latents = [client.invert(way, **QUICK).latent for way in ways[:4]]
    assert latents == [latents[0]] * 4
    assert len(client.invert(ways[4], **QUICK).latent) == len(latents[0])


def test_options_are_sent(client: Ganloom) -> None:
    cat = client.image(3, model="pets", label="cat").image
    found = client.invert(cat, model="pets", label="dog", seed=5, **QUICK)
    assert (found.model, found.label) == ("pets", 1)
    small = client.image(7).image.resize((8, 8))
    larger = client.invert(small, task="super-resolve", factor=2, **QUICK)
    assert larger.image.size == (16, 16)


def test_inpaint_comes_with_its_composite(client: Ganloom, picture: Image.Image) -> None:
    holed = picture.convert("RGBA")
    holed.paste((0, 0, 0, 0), (4, 4, 9, 9))
    found = client.invert(holed, task="inpaint", **QUICK)
    assert found.composite is not None
    known = np.asarray(holed)[..., 3] == 255
    kept = np.asarray(found.composite)[known]
    assert np.array_equal(kept, np.asarray(holed)[known][:, :3])


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"RIFF....WAVE"])
def test_what_is_no_picture_is_refused_before_it_is_sent(data: bytes) -> None:
    with Ganloom("http://127.0.0.1:1") as client, pytest.raises(ValueError, match="PNG, JPEG"):
        client.invert(data)


def test_a_refusal_names_the_field(client: Ganloom, picture: Image.Image) -> None:
    with pytest.raises(GanloomError, match="422") as raised:
        client.invert(picture, task="inpaint")  # nothing is transparent
    assert raised.value.faults[0].field == "body"


def test_a_callback_that_raises_cancels_the_job(client: Ganloom, picture: Image.Image) -> None:
    seen: list[Job] = []

    def stop(job: Job) -> None:
        seen.append(job)
        raise Enough

    with pytest.raises(Enough):
        client.invert(picture, on_progress=stop, **LONG)
    assert client.jobs.show(seen[0].id).state == "cancelled"


def test_a_job_that_another_cancels_is_a_failure_that_says_so(
    client: Ganloom, picture: Image.Image
) -> None:
    def cancel(job: Job) -> None:
        if not job.is_final:
            client.jobs.cancel(job.id)

    with pytest.raises(JobFailedError, match="cancelled") as raised:
        client.invert(picture, on_progress=cancel, **LONG)
    assert raised.value.job.state == "cancelled"


@pytest.mark.anyio
async def test_the_asyncio_client_finds_the_same(
    address: str, client: Ganloom, picture: Image.Image
) -> None:
    blocking = await asyncio.to_thread(client.invert, picture, **QUICK)
    seen: list[Job] = []
    async with AsyncGanloom(address) as other:
        told, asked = await asyncio.gather(
            other.invert(picture, on_progress=seen.append, **QUICK),
            other.invert(picture, poll_s=0.01, **QUICK),
        )
        with pytest.raises(Enough):
            await other.invert(picture, on_progress=refuse_more, **LONG)
    assert told.latent == asked.latent == blocking.latent
    assert told.data == asked.data == blocking.data
    assert seen[-1].state == "done"


@pytest.mark.anyio
async def test_a_task_that_is_cancelled_cancels_its_job(address: str, picture: Image.Image) -> None:
    begun = asyncio.get_running_loop().create_future()

    def note(job: Job) -> None:
        if not begun.done():
            begun.set_result(job)

    async with AsyncGanloom(address) as client:
        task = asyncio.create_task(client.invert(picture, on_progress=note, **LONG))
        job = await begun
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await client.jobs.show(job.id)).state == "cancelled"


def test_a_full_queue_is_asked_again_after_its_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, picture: Image.Image
) -> None:
    changed = settings.model_copy(update={"inversions": 1, "inversion_queue": 0})
    with listening(create_app(changed)) as address, Ganloom(address) as client:
        first = client.jobs.submit(picture, **LONG)
        waits: list[float] = []

        def make_room(wait_s: float) -> None:
            waits.append(wait_s)
            client.jobs.cancel(first.id)

        monkeypatch.setattr(client._connection, "rest", make_room)
        second = client.jobs.submit(picture, **LONG)
        assert client.jobs.cancel(second.id).state == "cancelled"
        assert len(waits) == 1
        assert waits[0] >= 1
        refused = httpx.Response(429, headers={"Retry-After": str(int(waits[0]))})
        assert waits[0] == Retries().wait_s(1, refused)


def test_events_that_break_off_are_replaced_by_asking(
    client: Ganloom, picture: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object) -> Iterator[str]:
        raise httpx.RemoteProtocolError("peer closed connection")

    monkeypatch.setattr("app.client.synchronous_jobs.POLL_S", 0.01)
    monkeypatch.setattr(httpx.Response, "iter_lines", break_off)
    found = client.invert(picture, **QUICK)
    assert client.generate(latents=[found.latent])[0].data == found.data


def test_comments_and_half_events_are_no_job() -> None:
    reader = EventReader()
    lines = [": waiting", "", "event: progress", "data: {", ""]
    assert [reader.take(line) for line in lines[:4]] == [None] * 4
    with pytest.raises(ForeignAnswerError, match="not a job's"):
        reader.take(lines[4])

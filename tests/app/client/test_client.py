"""Both clients against a real service, and against one that refuses."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from app.client import (
    AsyncGanloom,
    Ganloom,
    GanloomError,
    OverloadedError,
    Retries,
    UnreachableError,
)
from model.inference import InferenceEngine
from model.latents import Latents, interpolate, sample_latents
from tests.app.client.canned_answers import put_in, refusing

ROOT = Path(__file__).parents[3]
EngineOf = Callable[[str], InferenceEngine]
AT_ONCE = Retries(attempts=3, first_wait_s=0.0)


@pytest.fixture
def client(address: str) -> Iterator[Ganloom]:
    with Ganloom(address) as client:
        yield client


def render(engine: InferenceEngine, latents: Latents) -> list[NDArray[np.uint8]]:
    """Render row by row, as nothing in the service does."""
    return [engine.generate_pixels(latents.rows(row, row + 1))[0] for row in range(len(latents))]


def test_images_come_with_their_seed_and_digest(client: Ganloom, engine_of: EngineOf) -> None:
    engine = engine_of("pets")
    images = client.generate(3, seed=7, model="pets", label="dog")
    pixels = render(engine, sample_latents(engine.spec, [7, 8, 9], 1))
    assert [(item.seed, item.label, item.model) for item in images] == [
        *((7, 1, "pets"), (8, 1, "pets"), (9, 1, "pets")),
    ]
    assert all(
        np.array_equal(np.asarray(item.image), row)
        for item, row in zip(images, pixels, strict=True)
    )
    assert {item.digest for item in images} == {client.model("pets").digest}


def test_one_image_is_that_of_generate_in_each_format(client: Ganloom) -> None:
    for image_format in ("png", "jpeg", "webp"):
        still = client.image(7, image_format=image_format, truncation=0.5)
        (made,) = client.generate(seeds=[7], image_format=image_format, truncation=0.5)
        assert (still.data, still.media_type) == (made.data, f"image/{image_format}")
        assert still.seed == made.seed == 7


def test_the_best_of_several_comes_with_the_seed_that_won(client: Ganloom) -> None:
    made = client.generate(3, seed=7, model="pets", label="dog", best_of=8)
    still = client.image(7, model="pets", label="dog", best_of=8)
    assert still.data == made[0].data
    assert still.seed == made[0].seed
    winners = [item.seed for item in made if item.seed is not None]
    assert winners != [7, 8, 9]
    plain = client.generate(seeds=winners, model="pets", label="dog")
    assert [item.data for item in made] == [item.data for item in plain]
    with pytest.raises(GanloomError, match="with-discriminator"):
        client.generate(model="signs", best_of=2)


def test_latents_are_rendered_as_they_are(client: Ganloom, engine_of: EngineOf) -> None:
    engine = engine_of("faces")
    latents = sample_latents(engine.spec, [5])
    (image,) = client.generate(latents=latents.z.tolist())
    assert image.seed is None
    assert np.array_equal(np.asarray(image.image), engine.generate_pixels(latents)[0])


def test_a_walk_comes_as_frames_or_as_a_film(client: Ganloom, engine_of: EngineOf) -> None:
    engine = engine_of("faces")
    walk = interpolate(sample_latents(engine.spec, [1, 2]), 5)
    frames = client.interpolate([1, 2], steps=5)
    assert np.array_equal(
        np.stack([np.asarray(frame) for frame in frames]), np.stack(render(engine, walk))
    )
    assert client.animate([1, 2], steps=5, animation_format="gif").startswith(b"GIF89a")


def test_models_are_described(client: Ganloom) -> None:
    assert [model.name for model in client.models()] == ["faces", "pets", "signs"]
    pets = client.model("pets")
    assert (pets.width, pets.height, pets.class_names) == (24, 32, ("cat", "dog", "7"))
    assert pets.licence == "CC0-1.0"


def test_a_refusal_names_the_field(client: Ganloom) -> None:
    with pytest.raises(GanloomError, match="no classes") as raised:
        client.generate(label="cat")
    assert raised.value.status == 422
    assert raised.value.faults[0].field == "label"
    with pytest.raises(GanloomError, match="Unknown model"):
        client.model("nobody")


def test_a_deadline_is_told_and_kept(address: str) -> None:
    with (
        Ganloom(address, deadline_s=0.0005) as client,
        pytest.raises(GanloomError, match=r"longer than 0\.001 s|need") as raised,
    ):
        client.generate(256)
    assert raised.value.status == 504


@pytest.mark.anyio
async def test_the_asyncio_client_returns_the_same(address: str, client: Ganloom) -> None:
    async with AsyncGanloom(address) as other:
        best = await other.image(7, best_of=8)
        still, made, frames, film, models, model = await asyncio.gather(
            other.image(7),
            other.generate(2, seed=7),
            other.interpolate([1, 2], steps=3),
            other.animate([1, 2], steps=3),
            other.models(),
            other.model("pets"),
        )
        with pytest.raises(GanloomError, match="422"):
            await other.generate(seed=1, seeds=[1])
    assert best == client.image(7, best_of=8)
    assert still.data == made[0].data == client.image(7).data
    assert [item.data for item in made] == [item.data for item in client.generate(2, seed=7)]
    assert [frame.tobytes() for frame in frames] == [
        frame.tobytes() for frame in client.interpolate([1, 2], steps=3)
    ]
    assert film == client.animate([1, 2], steps=3)
    assert (models, model) == (client.models(), client.model("pets"))


PROBLEM = {"title": "Overloaded", "detail": "later", "status": 429}
MODELS = {"default": "x", "models": []}


@pytest.mark.anyio
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_waited_for(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    def answers() -> list[httpx.Response]:
        refusal = httpx.Response(status, json=PROBLEM, headers={"Retry-After": "7"})
        return [refusal, httpx.Response(200, json=MODELS)]

    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("app.client.connections.time", SimpleNamespace(sleep=waits.append))
    monkeypatch.setattr("app.client.connections.asyncio", SimpleNamespace(sleep=sleep))
    blocking, other = Ganloom("http://x"), AsyncGanloom("http://x")
    put_in(blocking, refusing(*answers()))
    await other._connection.close()
    other._connection._http = httpx.AsyncClient(base_url="http://x", transport=refusing(*answers()))
    assert blocking.models() == await other.models() == []
    assert waits == [7.0, 7.0]
    blocking.close()
    await other.close()


def test_retries_are_bounded() -> None:
    refusal = httpx.Response(429, json=PROBLEM, headers={"Retry-After": "0"})
    with Ganloom("http://x", retries=AT_ONCE) as client:
        put_in(client, refusing(refusal, refusal, refusal))
        with pytest.raises(OverloadedError, match="later"):
            client.models()


@pytest.mark.parametrize(
    ("attempt", "answer", "low", "high"),
    [
        (1, httpx.Response(429, headers={"Retry-After": "3"}), 3, 3),
        (1, httpx.Response(429, headers={"Retry-After": "soon"}), 0.25, 0.5),
        (3, httpx.Response(503), 1, 2),
        (1, None, 0.25, 0.5),
    ],
)
def test_a_wait_is_what_is_told_or_doubles(
    attempt: int, answer: httpx.Response | None, low: float, high: float
) -> None:
    wait_s = Retries().wait_s(attempt, answer)
    assert wait_s is not None
    assert low <= wait_s <= high


@pytest.mark.parametrize(
    ("attempt", "answer"),
    [
        (4, httpx.Response(429)),
        *[(1, httpx.Response(status)) for status in (200, 404, 422, 500, 504)],
        (1, httpx.Response(429, headers={"Retry-After": "31"})),
    ],
)
def test_what_would_not_help_is_not_asked_again(attempt: int, answer: httpx.Response) -> None:
    assert Retries().wait_s(attempt, answer) is None


def test_a_service_that_is_not_there_is_unreachable() -> None:
    with Ganloom("http://127.0.0.1:1", retries=AT_ONCE) as client, pytest.raises(UnreachableError):
        client.models()


def test_the_client_needs_neither_torch_nor_the_service() -> None:
    program = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['torch', 'numpy', 'fastapi', 'pydantic', 'uvicorn']))\n"
        "import app.client\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('app', 'model')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "app.routes" not in done.stdout
    assert "model" not in done.stdout.replace("app.", "")

"""Claims on serving: every architecture at 64 x 48, over HTTP, in every layout."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.main import create_app
from app.settings import Settings
from model.checkpoint import Checkpoint, write_checkpoint
from model.contact_sheet import contact_sheet
from model.inference import InferenceEngine
from model.latents import sample_latents
from model.spec import GeneratorSpec
from tests.app.conftest import make_tiny_checkpoint, running

pytestmark = pytest.mark.anyio

SPECS = {
    "dcgan": GeneratorSpec("dcgan", 64, 3, 4, 2, 2, img_width=48, attention_resolution=16),
    "mlp": GeneratorSpec("mlp", 64, 1, 4, base_channels=1, img_width=48),
    "palette": GeneratorSpec("palette", 64, 3, 4, 2, 2, img_width=48),
    "pixel": GeneratorSpec("pixel", 64, 3, 4, 2, 2, img_width=48),
    "resize": GeneratorSpec("resize", 64, 3, 4, 2, 2, img_width=48),
    "upsample": GeneratorSpec("upsample", 64, 4, 4, 2, 2, img_width=48, attention_resolution=16),
}
NAMES = tuple(SPECS)


@pytest.fixture(scope="module")
def oblongs() -> dict[str, Checkpoint]:
    return {
        name: make_tiny_checkpoint(spec, ("sun", "moon")[: spec.num_classes])
        for name, spec in SPECS.items()
    }


@pytest.fixture(scope="module")
async def oblong_client(
    oblongs: dict[str, Checkpoint], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    folder: Path = tmp_path_factory.mktemp("oblongs")
    for name, checkpoint in oblongs.items():
        write_checkpoint(checkpoint, folder / f"{name}.safetensors")
    settings = Settings(
        weights=folder, device="cpu", precision="float32", lanes=1, max_batch_size=8
    )
    async with running(create_app(settings)) as client:
        yield client


def decode(content: bytes, channels: int) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image).reshape(image.height, image.width, channels)


def pixels_of(checkpoint: Checkpoint, seeds: range) -> NDArray[np.uint8]:
    engine = InferenceEngine(checkpoint, device="cpu", precision="float32", max_batch_size=1)
    alone = [engine.generate_pixels(sample_latents(engine.spec, [seed])) for seed in seeds]
    return np.concatenate(alone)


@pytest.mark.parametrize("name", NAMES)
async def test_stills_and_sheets_have_the_pixels_of_the_engine(
    oblong_client: httpx.AsyncClient, oblongs: dict[str, Checkpoint], name: str
) -> None:
    channels = SPECS[name].img_channels
    expected = pixels_of(oblongs[name], range(3, 8))
    assert expected.shape == (5, 64, 48, channels)
    assert len({image.tobytes() for image in expected}) == 5
    for seed in (3, 7):
        answer = await oblong_client.get(f"/images/{seed}.png", params={"model": name})
        assert answer.status_code == 200
        assert np.array_equal(decode(answer.content, channels), expected[seed - 3])
    body = {"model": name, "seed": 3, "n": 5}
    sheet = (await oblong_client.post("/generate", json=body)).content
    assert np.array_equal(decode(sheet, channels), contact_sheet(expected))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("image_format", ["png", "gif", "apng", "webp"])
async def test_walks_keep_the_two_sides(
    oblong_client: httpx.AsyncClient, name: str, image_format: str
) -> None:
    asked: dict[str, str | int] = {
        "model": name,
        "seeds": "1,2",
        "steps": 4,
        "format": image_format,
    }
    if SPECS[name].num_classes:
        asked["label"] = "moon"
    answer = await oblong_client.get("/interpolate", params=asked)
    assert answer.status_code == 200
    with Image.open(io.BytesIO(answer.content)) as film:
        assert film.size == (48 * 4 if image_format == "png" else 48, 64)


@pytest.mark.parametrize("name", NAMES)
async def test_a_model_tells_its_sides(oblong_client: httpx.AsyncClient, name: str) -> None:
    spec = (await oblong_client.get(f"/models/{name}")).json()["spec"]
    assert (spec["architecture"], spec["img_resolution"], spec["img_width"]) == (name, 64, 48)


async def test_the_limit_of_pixels_counts_both_sides(
    oblongs: dict[str, Checkpoint], tmp_path: Path
) -> None:
    write_checkpoint(oblongs["mlp"], tmp_path / "mlp.safetensors")
    settings = Settings(
        weights=tmp_path, device="cpu", precision="float32", lanes=1, max_pixels=2**16
    )
    async with running(create_app(settings)) as client:
        allowed = await client.post("/generate", json={"seed": 1, "n": 21})
        refused = await client.post("/generate", json={"seed": 1, "n": 22})
    assert allowed.status_code == 200
    assert refused.status_code == 422
    assert "at most 21 images of this model" in refused.text

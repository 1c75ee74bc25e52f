"""Claims on serving the architectures that imports become: images, walks and facts over HTTP."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from app.main import create_app
from app.settings import Settings
from model.__main__ import main
from model.checkpoint import read_checkpoint
from model.inference import InferenceEngine
from model.latents import sample_latents

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a foreign 28 x 28 generator, imported by the command line."""
    folder = tmp_path_factory.mktemp("imported")
    torch.manual_seed(5)
    net = nn.Sequential(
        nn.Linear(7 + 2, 8 * 49), nn.BatchNorm1d(8 * 49), nn.LeakyReLU(0.2),
        nn.Unflatten(1, (8, 7, 7)),
        nn.ConvTranspose2d(8, 4, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.ConvTranspose2d(4, 1, 4, 2, 1), nn.Sigmoid(),
    )  # fmt: skip
    torch.save({"netG": net.state_dict()}, folder / "netG.pth")
    out = folder / "weights" / "foreign.safetensors"
    flags = "--architecture sequential --activation leaky_relu --output-range sigmoid --classes 2"
    assert main(["import", str(folder / "netG.pth"), "--out", str(out), *flags.split()]) == 0
    return out


@pytest.fixture
async def client(imported: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(
        weights=imported.parent, device="cpu", precision="float32", lanes=1, max_batch_size=4
    )
    app = create_app(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://ganloom") as running,
    ):
        yield running


async def test_an_import_is_served_as_the_engine_renders_it(
    client: httpx.AsyncClient, imported: Path
) -> None:
    answer = await client.get("/images/7.png?label=1")
    assert answer.status_code == 200
    pixels = np.asarray(Image.open(io.BytesIO(answer.content)))
    checkpoint = read_checkpoint(imported)
    engine = InferenceEngine(checkpoint, device="cpu", precision="float32", max_batch_size=1)
    expected = engine.generate_pixels(sample_latents(checkpoint.spec, [7], 1))[0, :, :, 0]
    assert pixels.shape == (28, 28)
    assert np.array_equal(pixels, expected)


async def test_a_batch_and_its_facts_are_served(client: httpx.AsyncClient) -> None:
    answer = await client.post("/generate", json={"seeds": [1, 2, 3], "label": "0"})
    assert answer.status_code == 200
    facts = (await client.get("/models/foreign")).json()
    assert facts["spec"]["architecture"] == "stack"
    assert facts["spec"]["layers"][0]["kind"] == "linear"
    assert facts["provenance"]["preset"] == "imported"

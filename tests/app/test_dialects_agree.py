"""One latent, one image: through every dialect, every client, and the command line."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from numpy.typing import NDArray
from PIL import Image

from app.client import AsyncGanloom, Ganloom
from model.latents import MAX_SEED, sample_latents
from tests.app.conftest import SPECS

ROOT = Path(__file__).parents[2]
_AT_ONCE = 50

pytestmark = pytest.mark.anyio


def decode(png: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image)


def as_tensor(name: str, values: NDArray[Any], is_binary: bool) -> Any:
    datatype = {"f": "FP32", "i": "INT64"}[values.dtype.kind]
    tensor = triton.InferInput(name, list(values.shape), datatype)
    tensor.set_data_from_numpy(values, binary_data=is_binary)
    return tensor


def ask_for(values: NDArray[Any], is_binary: bool) -> dict[str, Any]:
    name = "z" if values.dtype.kind == "f" else "seed"
    return {
        "model_name": "faces",
        "inputs": [as_tensor(name, values, is_binary)],
        "outputs": [triton.InferRequestedOutput("pixels", binary_data=is_binary)],
    }


def run_sample(weights: Path, seeds: list[int], out: Path) -> list[bytes]:
    command = [sys.executable, "-m", "model", "sample", str(weights / "faces.safetensors")]
    listed = ",".join(map(str, seeds))
    options = ["--seeds", listed, "--out", str(out), "--device", "cpu", "--precision", "float32"]
    done = subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [(out / f"{seed}.png").read_bytes() for seed in seeds]


async def ask_triton(address: str, parts: list[NDArray[Any]]) -> list[NDArray[np.uint8]]:
    """Ask each of Triton's clients in each encoding; return the pixels of each way."""
    host = address.removeprefix("http://")
    ways: list[NDArray[np.uint8]] = []
    for is_binary in (True, False):
        with triton.InferenceServerClient(host, network_timeout=60) as client:
            answers = [client.infer(**ask_for(part, is_binary)) for part in parts]
        ways.append(np.concatenate([answer.as_numpy("pixels") for answer in answers]))
        async with triton_aio.InferenceServerClient(host) as client:
            answers = [await client.infer(**ask_for(part, is_binary)) for part in parts]
        ways.append(np.concatenate([answer.as_numpy("pixels") for answer in answers]))
    return ways


async def ask_openai(address: str, seeds: list[int]) -> list[list[bytes]]:
    """Ask each of OpenAI's clients, a seed a request."""
    where: dict[str, Any] = {"base_url": f"{address}/v1", "api_key": "none"}
    with openai.OpenAI(**where) as client:
        answers = [client.images.generate(prompt=f"seed {seed}") for seed in seeds]
    async with openai.AsyncOpenAI(**where) as other:
        answers += [await other.images.generate(prompt=f"seed {seed}") for seed in seeds]
    files = [base64.b64decode((answer.data or [])[0].b64_json or "") for answer in answers]
    return [files[: len(seeds)], files[len(seeds) :]]


@pytest.mark.parametrize("count", [20, pytest.param(500, marks=pytest.mark.slow)])
async def test_equal_latents_have_equal_bytes_in_every_dialect(
    address: str, weights: Path, tmp_path: Path, count: int
) -> None:
    rng = np.random.default_rng(5)
    seeds = sorted({int(seed) for seed in rng.integers(0, MAX_SEED + 1, count)})
    z = sample_latents(SPECS["faces"], seeds).z
    files = run_sample(weights, seeds, tmp_path)
    assert len(set(files)) == len(seeds) == count  # so that a swapped image would be seen
    pixels = np.stack([decode(file) for file in files])
    cuts = range(0, count, _AT_ONCE)

    with Ganloom(address) as client:
        assert [client.image(seed).data for seed in seeds] == files
        for at in cuts:
            expected = files[at : at + _AT_ONCE]
            by_seed = client.generate(seeds=seeds[at : at + _AT_ONCE])
            by_latent = client.generate(latents=z[at : at + _AT_ONCE].tolist())
            assert [image.data for image in by_seed] == expected
            assert [image.data for image in by_latent] == expected
    async with AsyncGanloom(address) as other:
        assert [(await other.image(seed)).data for seed in seeds] == files
    for source in (np.array(seeds, np.int64)[:, None], z):
        for way in await ask_triton(address, [source[at : at + _AT_ONCE] for at in cuts]):
            assert np.array_equal(way, pixels)
    assert await ask_openai(address, seeds) == [files, files]

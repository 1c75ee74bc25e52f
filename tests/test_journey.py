"""The whole way, with real processes: images, training, export, service, PNG."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from model.checkpoint import read_checkpoint

ROOT = Path(__file__).parent.parent


def command(module: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", module, *map(str, arguments)]


def run_model(environment: dict[str, str], *arguments: object) -> str:
    done = subprocess.run(
        command("model", *arguments),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def decode(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        return np.asarray(image)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GANLOOM_")}
    return {**kept, "OMP_NUM_THREADS": "1", "GANLOOM_CACHE": str(tmp_path / "cache")}


def write_photos(folder: Path) -> None:
    rng = np.random.default_rng(8)
    for number in range(12):
        path = folder / ("day", "night")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)).save(path)


@contextmanager
def serve(environment: dict[str, str], weights: Path) -> Iterator[str]:
    """Run the service on a free port, give its address, and require a clean end."""
    service = subprocess.Popen(
        command("app", "--port", 0, "--weights", weights),
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert service.stderr is not None
        told = []
        for line in service.stderr:
            told.append(line)
            if address := re.search(r"serving on (http://127\.0\.0\.1:\d+)", line):
                break
        assert address, "".join(told)
        yield address[1]
    finally:
        service.terminate()
        _, rest = service.communicate(timeout=60)
    assert service.returncode == 0, rest
    assert "Traceback" not in rest


@pytest.mark.parametrize(
    ("networks", "shape"),
    [
        (["--resolution=16"], (16, 16, 3)),
        pytest.param(
            ["--resolution=64x48", "--architecture=upsample", "--attention=8"],
            (64, 48, 3),
            marks=pytest.mark.slow,  # four more processes that load torch
        ),
    ],
    ids=["dcgan", "upsample"],
)
def test_images_become_a_service_whose_pngs_are_those_of_the_command_line(
    tmp_path: Path, environment: dict[str, str], networks: list[str], shape: tuple[int, ...]
) -> None:
    photos, run, samples = tmp_path / "photos", tmp_path / "run", tmp_path / "samples"
    weights = tmp_path / "weights" / "sky.safetensors"
    write_photos(photos)
    tiny = [*networks, "--base-channels=2", "--batch-size=4", "--threads=1", "--images=40"]
    run_model(environment, "train", "--data", photos, "--out", run, "--conditional", *tiny)
    run_model(environment, "export", run, weights, "--with-discriminator")
    night = ["--label", "night", "--seeds", "5-7", "--out"]
    run_model(environment, "sample", weights, *night, samples)
    digest = read_checkpoint(weights).digest

    with (
        serve(environment, weights.parent) as address,
        httpx.Client(base_url=address, timeout=60, trust_env=False) as client,
    ):
        for seed in (5, 6, 7):
            answer = client.get(f"/images/{seed}.png", params={"label": "night"})
            assert answer.status_code == 200
            assert answer.headers["X-Ganloom-Digest"] == digest
            expected = decode((samples / f"{seed}.png").read_bytes())
            assert expected.shape == shape
            assert np.array_equal(decode(answer.content), expected)
            assert answer.content == (samples / f"{seed}.png").read_bytes()
        asked = {"model": "sky", "seeds": [6], "label": "night"}
        generated = client.post("/generate", json=asked)
        assert generated.status_code == 200
        assert generated.content == (samples / "6.png").read_bytes()
        best = client.get("/images/6.png", params={"label": "night", "best_of": 9})
        winner = best.headers["X-Ganloom-Seeds"]
        plain = client.get(f"/images/{winner}.png", params={"label": "night"})
        assert best.content == plain.content

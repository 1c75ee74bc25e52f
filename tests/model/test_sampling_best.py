"""Claims on `sample --best-of`, with a discriminator that was trained and exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from model.__main__ import main
from model.candidates import candidate_seeds
from model.checkpoint import Checkpoint, read_checkpoint
from model.inference import InferenceEngine
from model.latents import sample_latents, truncate


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny conditional checkpoint with its discriminator, after a few steps of training."""
    folder = tmp_path_factory.mktemp("trained")
    rng = np.random.default_rng(4)
    for number in range(8):
        photo = folder / "photos" / ("day", "night")[number % 2] / f"{number}.png"
        photo.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(photo)
    options = "--conditional --resolution 16 --base-channels 2 --batch-size 4 --threads 1"
    data, run, file = folder / "photos", folder / "run", folder / "sky.safetensors"
    arguments = ["--data", str(data), "--out", str(run), "--images", "64", *options.split()]
    assert main(["train", *arguments]) == 0
    assert main(["export", str(run), str(file), "--with-discriminator"]) == 0
    return file


def find_best(file: Path, seed: int, count: int, label: int, psi: float) -> tuple[int, float]:
    """Judge each candidate alone, by nothing but the checkpoint; return winner and logit."""
    checkpoint: Checkpoint = read_checkpoint(file)
    engine = InferenceEngine(checkpoint, device="cpu", precision="float32", max_batch_size=1)
    assert checkpoint.discriminator is not None
    discriminator = checkpoint.discriminator.load(checkpoint.spec)
    found: list[tuple[float, int]] = []
    for candidate in candidate_seeds(seed, count):
        latents = truncate(sample_latents(checkpoint.spec, [candidate], label), psi)
        image = torch.from_numpy(engine.generate_pixels(latents).transpose(0, 3, 1, 2).copy())
        logit = discriminator(image.float() / 127.5 - 1, torch.tensor([label]))
        found.append((logit.item(), candidate))
    best, winner = max(found, key=lambda pair: pair[0])
    return winner, best


def sample(file: Path, out: Path, *options: str) -> None:
    path = ["--device", "cpu", "--precision", "float32", "--label", "night", "--out", str(out)]
    assert main(["sample", str(file), *path, *options]) == 0


def test_the_files_are_those_of_the_seeds_that_won(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--truncation", "0.8"]
    sample(trained, tmp_path / "best", "--seeds", "3,9-13", "--best-of", "4", *options)
    seeds = [3, *range(9, 14)]
    winners = [find_best(trained, seed, 4, label=1, psi=0.8)[0] for seed in seeds]
    assert winners != seeds
    assert capsys.readouterr().out.endswith(
        f"best: 6 images of sky.safetensors\nbest of 4: seeds {','.join(map(str, winners))}\n"
    )
    sample(trained, tmp_path / "plain", "--seeds", ",".join(map(str, winners)), *options)
    files = {path.name: path.read_bytes() for path in (tmp_path / "best").iterdir()}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "plain").iterdir()}
    assert set(files) == {f"{winner}.png" for winner in winners}


def test_best_of_one_is_the_plain_image(trained: Path, tmp_path: Path) -> None:
    sample(trained, tmp_path / "a.png", "--seeds", "0-8", "--best-of", "1")
    sample(trained, tmp_path / "b.png", "--seeds", "0-8")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_more_candidates_are_never_judged_worse(trained: Path) -> None:
    logits = [[find_best(trained, seed, k, 0, 1.0)[1] for k in (1, 2, 5, 9)] for seed in range(3)]
    assert logits == [sorted(of_seed) for of_seed in logits]
    assert any(of_seed[0] < of_seed[-1] for of_seed in logits)

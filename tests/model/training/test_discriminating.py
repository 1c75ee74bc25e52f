"""Claims on the command `discriminator`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from model.__main__ import main
from model.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from model.judge import Judge
from model.latents import Latents, sample_latents
from model.pixels import to_pixels
from model.sampling import render_latents
from model.training.dataset import open_dataset
from model.training.discriminating import Lessons
from model.training.randomness import batch_noise


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLOOM_CACHE", str(tmp_path / "cache"))


def write_checks(folder: Path, channels: str = "RGB", count: int = 96) -> Path:
    """Draw boards of black and white cells, which no untrained generator draws."""
    folder.mkdir(parents=True)
    stream = np.random.default_rng(0)
    for index in range(count):
        cells = np.kron(stream.integers(0, 2, (4, 4)), np.ones((4, 4))) * 255
        Image.fromarray(cells.astype(np.uint8)).convert(channels).save(folder / f"{index}.png")
    return folder


@pytest.fixture
def file(plain_checkpoint: Checkpoint, tmp_path: Path) -> Path:
    path = tmp_path / "plain.safetensors"
    write_checkpoint(plain_checkpoint, path)
    return path


def teach(file: Path, data: Path, *options: str) -> int:
    return main(["discriminator", str(file), "--data", str(data), "--threads=1", *options])


def test_it_learns_to_tell_the_data_from_the_generator_and_choosing_works_then(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_checks(tmp_path / "checks")
    assert teach(file, data, "--images=16000") == 0
    assert "right, digest" in capsys.readouterr().out
    checkpoint = read_checkpoint(file)
    judge = Judge(checkpoint)
    real = [np.asarray(Image.open(path)) for path in sorted(data.iterdir())[:40]]
    fake = render_latents(checkpoint, sample_latents(checkpoint.spec, range(900, 940)))
    assert np.mean([judge.logit(pixels) > 0 for pixels in real]) > 0.9
    assert np.mean([judge.logit(pixels) < 0 for pixels in fake]) > 0.9
    assert main(["sample", str(file), "--best-of=3", "--out", str(tmp_path / "sheet.png")]) == 0


def test_nothing_but_the_discriminator_and_its_length_is_changed(
    file: Path, tmp_path: Path
) -> None:
    before = read_checkpoint(file)
    assert teach(file, write_checks(tmp_path / "checks"), "--images=64") == 0
    after = read_checkpoint(file)
    assert after.spec == before.spec
    assert after.golden.hashes == before.golden.hashes
    assert all(torch.equal(after.weights[name], before.weights[name]) for name in before.weights)
    assert after.provenance.scores["discriminator_images"] == 64
    assert after.digest != before.digest


def test_the_images_it_is_shown_are_the_generators_in_float32(
    plain_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    shown: list[Tensor] = []
    spec = plain_checkpoint.spec
    data = open_dataset(
        write_checks(tmp_path / "checks"), img_resolution=spec.img_resolution, img_channels=3
    )
    lessons = Lessons(plain_checkpoint, data, seed=5)
    lessons._discriminator.register_forward_pre_hook(lambda _, given: shown.append(given[0]))
    lessons.give(128, show_progress=False)
    assert len(shown) == 4  # real, generated, real, generated
    for step, images in enumerate(shown[1::2]):  # the second step is in bfloat16 where it is fast
        z = Latents(batch_noise((64, spec.z_dim), 5, step), None)
        pixels = render_latents(plain_checkpoint, z, "cpu", "float32")
        differences = np.abs(to_pixels(images.detach()).numpy().astype(int) - pixels)
        assert differences.max() <= 1


def test_equal_seeds_teach_equal_discriminators(file: Path, tmp_path: Path) -> None:
    data = write_checks(tmp_path / "checks")
    outs = [tmp_path / f"{name}.safetensors" for name in ("first", "again", "other")]
    for out, seed in zip(outs, (3, 3, 4), strict=True):
        assert teach(file, data, "--images=128", f"--seed={seed}", "--out", str(out)) == 0
    first, again, other = (read_checkpoint(out).digest for out in outs)
    assert first == again != other


def test_classes_are_told_and_must_be_the_generators(
    class_checkpoint: Checkpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "classes.safetensors"
    write_checkpoint(class_checkpoint, file)
    for name in ("cat", "dog"):
        write_checks(tmp_path / "pets" / name, "L", 8)
    assert teach(file, tmp_path / "pets", "--images=64") == 1
    assert "classes are cat, dog, owl; those of" in capsys.readouterr().err
    write_checks(tmp_path / "pets" / "owl", "L", 8)
    assert teach(file, tmp_path / "pets", "--images=64") == 0
    held = read_checkpoint(file).discriminator
    assert held is not None
    assert held.is_told_labels

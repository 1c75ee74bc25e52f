from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.__main__ import main
from model.checkpoint import Checkpoint
from model.latents import Latents, sample_latents
from model.png import encode_png
from model.sampling import render_latents

QUICK = ["--steps", "60", "--restarts", "2", "--device", "cpu", "--precision", "float32"]


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_the_image_written_is_that_of_the_latent_written(
    plain_file: Path,
    plain_checkpoint: Checkpoint,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    latents = sample_latents(plain_checkpoint.spec, [7])
    image, found = tmp_path / "image.png", tmp_path / "out" / "found.png"
    image.write_bytes(encode_png(render_latents(plain_checkpoint, latents, "cpu", "float32")[0]))
    assert main(["invert", str(plain_file), str(image), "--out", str(found), *QUICK]) == 0
    body = json.loads(found.with_suffix(".json").read_text())
    z = np.array(body["latents"], np.float32)
    expected = render_latents(plain_checkpoint, Latents(z), "cpu", "float32")[0]
    assert list(body) == ["latents"]
    assert np.array_equal(read(found), expected)
    assert "dB of what is known" in capsys.readouterr().out


def test_inpaint_keeps_what_is_known(plain_file: Path, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 4), np.uint8)
    pixels[..., 3] = 255
    pixels[2:9, 4:12, 3] = 0
    image, found = tmp_path / "image.png", tmp_path / "found.png"
    Image.fromarray(pixels).save(image)
    arguments = [str(plain_file), str(image), "--task", "inpaint", "--out", str(found), *QUICK]
    assert main(["invert", *arguments]) == 0
    known = pixels[..., 3] == 255
    assert np.array_equal(read(found)[known], pixels[known][:, :3])


def test_a_class_is_written_beside_its_latent(class_file: Path, tmp_path: Path) -> None:
    image, latent = tmp_path / "image.png", tmp_path / "z.json"
    Image.new("L", (16, 16), 90).save(image)
    arguments = [str(class_file), str(image), "--label", "owl", "--latent", str(latent)]
    assert main(["invert", *arguments, "--out", str(tmp_path / "found.png"), *QUICK]) == 0
    assert json.loads(latent.read_text())["label"] == 2


def test_a_file_that_is_no_image_is_one_line(
    plain_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "image.png"
    image.write_text("no image")
    assert main(["invert", str(plain_file), str(image), *QUICK]) == 1
    assert capsys.readouterr().err == f"error: {image}: not a whole PNG, JPEG or WebP image\n"

"""Claims on the commands `walk` and `neighbours`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.__main__ import main
from model.checkpoint import Checkpoint, read_checkpoint
from model.inference import InferenceEngine
from model.latents import interpolate, sample_latents, truncate

FLAGS = ["--device", "cpu", "--precision", "float32"]


def test_a_strip_holds_the_way_from_seed_to_seed(plain_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "walk.png"
    way = ["--seeds", "3,1,4", "--steps", "7", "--easing", "ease-in", "--truncation", "0.5"]
    assert main(["walk", str(plain_file), *way, "--out", str(out), *FLAGS]) == 0
    checkpoint = read_checkpoint(plain_file)
    engine = InferenceEngine(checkpoint, device="cpu", precision="float32")
    key_frames = sample_latents(checkpoint.spec, [3, 1, 4])
    latents = truncate(interpolate(key_frames, 7, "slerp", "ease-in"), 0.5)
    expected = engine.generate_pixels(latents)
    assert np.array_equal(np.asarray(Image.open(out)), np.concatenate(list(expected), axis=1))


def test_a_folder_holds_a_file_a_frame_and_key_frames_are_the_samples(
    plain_file: Path, tmp_path: Path
) -> None:
    way = ["--seeds", "3,1", "--steps", "4", "--method", "lerp"]
    assert main(["walk", str(plain_file), *way, "--out", str(tmp_path / "walk"), *FLAGS]) == 0
    seeds = ["sample", str(plain_file), "--seeds", "3,1", "--out", str(tmp_path / "still"), *FLAGS]
    assert main(seeds) == 0
    files = sorted((tmp_path / "walk").iterdir())
    assert [file.name for file in files] == [f"frame-{row:04d}.png" for row in range(4)]
    for frame, still in ((files[0], "3.png"), (files[-1], "1.png")):
        assert frame.read_bytes() == (tmp_path / "still" / still).read_bytes()


def test_the_nearest_neighbour_of_a_seed_is_itself_and_the_rest_are_in_order(
    plain_file: Path, plain_checkpoint: Checkpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    named = ["--seed", "7", "--count", "5", "--among", "50"]
    assert main(["neighbours", str(plain_file), *named]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["7", "distance 0.000", "cosine 1.000"]
    z = sample_latents(plain_checkpoint.spec, range(50)).z.astype(np.float64)
    distances = np.linalg.norm(z - z[7], axis=1)
    assert [int(line[0]) for line in lines] == np.argsort(distances, kind="stable")[:5].tolist()
    assert [line[1] for line in lines] == [f"distance {at:.3f}" for at in np.sort(distances)[:5]]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["walk", "--seeds", "1", *FLAGS], "two seeds or more"),
        (["walk", "--seeds", "1-5", "--steps", "4", *FLAGS], "5 seeds and 4 steps"),
        (["walk", "--seeds", "1,2", "--steps", "10001", *FLAGS], "steps to 10000"),
        (["walk", "--seeds", "1,x", *FLAGS], "seeds are written like"),
        (["walk", "--seeds", "1,2", "--edits", "hat", *FLAGS], "edits are written like"),
        (["neighbours", "--seed", "-1"], "a seed must be from 0"),
        (["neighbours", "--seed", "1", "--among", "10001"], "among must be from 1"),
        (["neighbours", "--seed", "1", "--count", "0"], "--count must be 1 or more"),
    ],
)
def test_what_is_wrong_is_one_line(
    plain_file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    command, *rest = arguments
    assert main([command, str(plain_file), *rest]) == 1
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1

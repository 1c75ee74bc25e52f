"""Claims on the commands `explore`, `mix` and `sample --edits`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.__main__ import main
from model.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from model.discovery import add_discovered
from model.edits import edit_rows
from model.inference import InferenceEngine
from model.latents import Latents, sample_latents
from model.mix import Mix, SeedsTerm, mix_latents

FLAGS = ["--device", "cpu", "--precision", "float32"]


@pytest.fixture(scope="module")
def file(plain_checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("directed") / "directed.safetensors"
    write_checkpoint(add_discovered(plain_checkpoint, 2), path)
    return path


def render(file: Path, latents: Latents) -> np.ndarray:
    engine = InferenceEngine(read_checkpoint(file), device="cpu", precision="float32")
    return engine.generate_pixels(latents)


def test_a_strip_holds_the_seed_at_each_strength(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "strip.png"
    sweep = ["--seed", "7", "--direction", "pca-1", "--from", "-1", "--to", "2", "--steps", "4"]
    assert main(["explore", str(file), *sweep, "--out", str(out), *FLAGS]) == 0
    checkpoint = read_checkpoint(file)
    one = sample_latents(checkpoint.spec, [7] * 4)
    edits = [(("pca-1", -1.0),), (), (("pca-1", 1.0),), (("pca-1", 2.0),)]
    expected = render(file, edit_rows(one, checkpoint.directions, edits))
    assert np.array_equal(np.asarray(Image.open(out)), np.concatenate(list(expected), axis=1))


def test_a_strip_passes_through_every_strength_that_is_named(file: Path, tmp_path: Path) -> None:
    sweep = ["--seed", "7", "--direction", "pca-1", "--easing", "ease", "--steps", "3"]
    out = tmp_path / "strip.png"
    assert main(["explore", str(file), *sweep, "--through=-1,2,0", "--out", str(out), *FLAGS]) == 0
    checkpoint = read_checkpoint(file)
    edits = [(("pca-1", -1.0),), (("pca-1", 2.0),), ()]
    one = sample_latents(checkpoint.spec, [7] * 3)
    expected = render(file, edit_rows(one, checkpoint.directions, edits))
    assert np.array_equal(np.asarray(Image.open(out)), np.concatenate(list(expected), axis=1))


def test_sample_edits_every_seed(file: Path, tmp_path: Path) -> None:
    edited = ["--edits", "sefa-2:-1.5,pca-1:1"]
    assert (
        main(["sample", str(file), "--seeds", "3,4", *edited, "--out", str(tmp_path), *FLAGS]) == 0
    )
    checkpoint = read_checkpoint(file)
    edits = (("pca-1", 1.0), ("sefa-2", -1.5))
    latents = edit_rows(sample_latents(checkpoint.spec, [4]), checkpoint.directions, [edits])
    assert np.array_equal(np.asarray(Image.open(tmp_path / "4.png")), render(file, latents)[0])


def test_mix_adds_and_takes_away(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "mix.png"
    sums = ["--plus", "1-3", "--minus", "4,5", "--plus", "9"]
    assert main(["mix", str(file), *sums, "--out", str(out), *FLAGS]) == 0
    checkpoint = read_checkpoint(file)
    mix = Mix((SeedsTerm((1, 2, 3)), SeedsTerm((4, 5), -1.0), SeedsTerm((9,))))
    latents = mix_latents(checkpoint.spec, checkpoint.directions, [mix], None)
    assert np.array_equal(np.asarray(Image.open(out)), render(file, latents)[0])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["explore", "--seed", "1", "--direction", "hat"], "there is no direction 'hat'"),
        (["explore", "--seed", "-1", "--direction", "pca-1"], "a seed must be from 0"),
        (["explore", "--seed", "1", "--direction", "pca-1", "--steps", "1"], "--steps must be"),
        (["explore", "--seed", "1", "--direction", "pca-1", "--to", "21"], "from -20 to 20"),
        (["explore", "--seed", "1", "--direction", "pca-1", "--to", "nan"], "from -20 to 20"),
        *[
            (["explore", "--seed", "1", "--direction", "pca-1", *rest], reason)
            for rest, reason in (
                (["--through=1,2", "--to", "1"], "without --from and --to"),
                (["--through=1,x"], "is written like 0,3,-3,0"),
                (["--through=1"], "two strengths or more"),
                (["--through=1,2,3", "--steps", "2"], "a step for each"),
                (["--through=1,21"], "from -20 to 20"),
            )
        ],
        (["sample", "--edits", "pca-1"], "edits are written like"),
        (["mix"], "give from 1 to 4096 seeds"),
        (["mix", "--plus", "0-4096"], "give from 1 to 4096 seeds"),
    ],
)
def test_what_is_wrong_is_one_line(
    file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    command, *rest = arguments
    assert main([command, str(file), *rest, *FLAGS]) == 1
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1

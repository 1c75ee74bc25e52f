"""Claims on the training half of the command line: what is asked is done, and errors are a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.__main__ import main
from model.checkpoint import read_checkpoint
from model.training.state import TrainingState

TINY = ["--resolution", "16", "--base-channels", "1", "--batch-size", "4", "--threads", "1"]


def train(photos: Path, run: Path, *more: str) -> int:
    return main(["train", "--data", str(photos), "--out", str(run), *TINY, *more])


def test_train_resume_export_and_sample_are_a_way_from_images_to_images(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, weights, sheet = tmp_path / "run", tmp_path / "w" / "pets.safetensors", tmp_path / "s.png"
    assert train(photos, run, "--images", "8", "--conditional") == 0
    assert "done and saved; samples are in" in capsys.readouterr().out
    assert main(["resume", str(run), "--images", "12"]) == 0
    assert main(["export", str(run), str(weights)]) == 0
    checkpoint = read_checkpoint(weights)
    assert (
        f"{weights}: trained on 12 images, digest {checkpoint.digest}\n" in capsys.readouterr().out
    )
    assert checkpoint.class_names == ("cat", "dog")
    assert (
        main(["sample", str(weights), "--seeds", "0-3", "--label", "dog", "--out", str(sheet)]) == 0
    )
    assert sheet.is_file()


def test_every_option_of_a_recipe_reaches_it(photos: Path, tmp_path: Path) -> None:
    options = "--preset dcgan --channels 1 --r1-gamma 3.5 --seed 9 --images 4 --conditional"
    assert train(photos, tmp_path / "run", *options.split()) == 0
    state = TrainingState.load(tmp_path / "run" / "state.pt")
    config = state.config
    assert (config.preset, config.img_resolution, config.img_channels) == ("dcgan", 16, 1)
    assert (config.base_channels, config.discriminator_channels, config.batch_size) == (1, 1, 4)
    assert (config.r1_gamma, config.seed, config.is_conditional) == (3.5, 9, True)
    assert state.facts["threads"] == 1
    assert state.images_seen == 4


def test_the_papers_preset_trains(photos: Path, tmp_path: Path) -> None:
    assert train(photos, tmp_path / "run", "--preset", "dcgan-2015", "--images", "4") == 0
    config = TrainingState.load(tmp_path / "run" / "state.pt").config
    assert (config.preset, config.loss, config.r1_gamma) == ("dcgan-2015", "non-saturating", 0)


def test_a_budget_of_minutes_ends_a_run(photos: Path, tmp_path: Path) -> None:
    assert train(photos, tmp_path / "run", "--minutes", "0.001") == 0
    assert (tmp_path / "run" / "state.pt").is_file()


def one_error(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--resolution", "48"], "img_resolution must be a power of two, not 48"),
        (["--resolution", "512"], "img_resolution must be a whole number from 16 to 256"),
        (["--base-channels", "0"], "base_channels must be a whole number from 1 to 512"),
        (["--batch-size", "1"], "batch_size must be at least 2"),
        (["--r1-gamma", "-1"], "r1_gamma not negative"),
        (["--r1-gamma", "nan"], "r1_gamma not negative"),
        (["--preset", "dcgan-2015", "--r1-gamma", "1"], "without batch normalisation"),
        (["--seed", "-1"], "seed must be from 0"),
        (["--images", "0"], "a budget must be positive"),
        (["--minutes", "nan"], "a budget must be positive"),
        (["--device", "cuda:99"], "cuda"),
        (["--threads", "-1"], "threads must be positive, not -1"),
    ],
)
def test_a_wrong_option_is_one_line_before_any_work(
    photos: Path,
    tmp_path: Path,
    image_cache: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    words: str,
) -> None:
    budget = [] if "--images" in options or "--minutes" in options else ["--images", "4"]
    assert train(photos, tmp_path / "run", *budget, *options) == 1
    assert words in one_error(capsys)
    assert not (tmp_path / "run").exists()
    assert not image_cache.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--data", "none", "--out", "run", "--images", "4"],
        ["train", "--data", "empty", "--out", "run", "--images", "4"],
        ["train", "--data", "text.txt", "--out", "run", "--images", "4"],
        ["resume", "none"],
        ["export", "none", "a.safetensors"],
        ["sample", "none.safetensors"],
        ["sample", "text.txt"],
    ],
)
def test_what_is_missing_or_something_else_is_one_line_that_names_it(
    tmp_path: Path,
    image_cache: Path,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("not a zip, not a checkpoint, not an image")
    assert main(arguments) == 1
    named = next(name for name in arguments if name.split(".")[0] in ("none", "empty", "text"))
    assert named in one_error(capsys)


def test_a_run_that_exists_is_not_trained_over(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(photos, tmp_path / "run", "--images", "4")
    capsys.readouterr()
    assert train(photos, tmp_path / "run", "--images", "4") == 1
    assert "holds a run already: resume it, or choose another folder" in one_error(capsys)


def test_classes_are_asked_of_data_that_have_some(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(photos / "cat", tmp_path / "run", "--images", "4", "--conditional") == 1
    assert "at least two classes" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["faces", "digits"])
def test_a_data_set_is_written_by_name(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr(
        f"model.training.{name}.write_{name}",
        lambda *args, **named: calls.append((*args, *named.items())),
    )
    options = ["--count", "5", "--size", "32", "--first", "7"]
    assert main(["dataset", name, str(tmp_path), *options]) == 0
    assert calls == [(tmp_path, 5, 32, ("first", 7)) if name == "faces" else (tmp_path,)]
    assert f"train --data {tmp_path} --out runs/{name}" in capsys.readouterr().out

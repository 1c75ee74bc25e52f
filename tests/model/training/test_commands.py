"""Claims on the training half of the command line: what is asked is done, and errors are a line."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from PIL import Image

from model.__main__ import main
from model.checkpoint import read_checkpoint
from model.training.presets import PRESETS
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


def test_export_writes_onnx_beside_the_checkpoint(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, weights, file = tmp_path / "run", tmp_path / "w.safetensors", tmp_path / "w.onnx"
    assert train(photos, run, "--images", "8") == 0
    assert main(["export", str(run), str(weights), "--onnx", str(file)]) == 0
    assert "off the checkpoint on 16 seeds" in capsys.readouterr().out
    facts = {entry.key: entry.value for entry in onnx.load(file).metadata_props}
    assert facts["checkpoint_digest"] == read_checkpoint(weights).digest


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


@pytest.mark.parametrize(
    ("options", "networks"),
    [
        ("", ("dcgan", "dcgan", "none")),
        ("--architecture palette", ("palette", "dcgan", "none")),
        ("--architecture pixel", ("pixel", "dcgan", "none")),
        ("--architecture resize", ("resize", "dcgan", "none")),
        ("--architecture upsample", ("upsample", "residual", "none")),
        ("--architecture mlp --normalisation layer", ("mlp", "mlp", "layer")),
        (
            "--architecture upsample --discriminator resnet --normalisation spectral",
            ("upsample", "resnet", "spectral"),
        ),
        ("--discriminator mlp", ("dcgan", "mlp", "none")),
    ],
)
def test_networks_are_chosen_by_name_and_train_on_images_of_two_sides(
    photos: Path, tmp_path: Path, options: str, networks: tuple[str, str, str]
) -> None:
    run, weights, sheet = tmp_path / "run", tmp_path / "w.safetensors", tmp_path / "sheet.png"
    size = ["--resolution", "28x20", "--images", "8"]
    assert train(photos, run, *size, *options.split()) == 0
    assert main(["resume", str(run), "--images", "12"]) == 0
    config = TrainingState.load(run / "state.pt").config
    assert (
        config.architecture,
        config.discriminator,
        config.discriminator_normalisation,
    ) == networks
    assert main(["export", str(run), str(weights)]) == 0
    assert read_checkpoint(weights).spec.img_size == (28, 20)
    assert main(["sample", str(weights), "--seeds", "0-5", "--out", str(sheet)]) == 0
    with Image.open(sheet) as image:
        assert image.size == (3 * 20, 2 * 28)


def test_attention_is_trained_in_both_networks(photos: Path, tmp_path: Path) -> None:
    options = ["--resolution", "24x16", "--attention", "12", "--images", "40"]
    assert train(photos, tmp_path / "run", *options) == 0
    state = TrainingState.load(tmp_path / "run" / "state.pt")
    for network in (state.generator, state.discriminator):
        gammas = [weight for name, weight in network.named_parameters() if name.endswith("gamma")]
        assert len(gammas) == 1
        assert gammas[0].item() != 0  # it began at zero


@pytest.mark.parametrize("text", ["x", "64x", "x64", "64x48x3", "-64", "64.0", "64 x 48", "many"])
def test_a_size_is_a_side_or_two(
    photos: Path, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        train(photos, tmp_path / "run", f"--resolution={text}")
    assert "a size is written like 64 or 96x64" in capsys.readouterr().err


def test_the_papers_preset_trains(photos: Path, tmp_path: Path) -> None:
    assert train(photos, tmp_path / "run", "--preset", "dcgan-2015", "--images", "4") == 0
    config = TrainingState.load(tmp_path / "run" / "state.pt").config
    assert (config.preset, config.loss, config.r1_gamma) == ("dcgan-2015", "non-saturating", 0)


def test_options_change_a_preset_and_leave_the_rest(photos: Path, tmp_path: Path) -> None:
    options = "--preset cgan-projection --augment diffaugment --images 4"
    assert train(photos, tmp_path / "run", *options.split()) == 0
    config = TrainingState.load(tmp_path / "run" / "state.pt").config
    assert (config.loss, config.augment, config.is_conditional) == ("hinge", "diffaugment", True)


def test_presets_are_listed_with_what_they_are_made_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["presets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["preset", "paper", "loss", "penalty", "normalisation", "n_critic"]
    assert {line.split()[0] for line in lines[1:]} == set(PRESETS)
    assert any(line.split()[-4:] == ["clip", "0.01", "batch", "5"] for line in lines)


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
        (["--resolution", "72"], "img_resolution must be 3, 4, 5, 6 or 7, doubled at least twice"),
        (["--resolution", "50"], "--resolution: img_resolution must be"),
        (["--resolution", "50"], "the nearest are 48 and 56"),
        (["--resolution", "256x64"], "256 x 64 cannot be had: img_resolution and img_width must"),
        (["--resolution", "64x2560"], "img_width must be a whole number from 16 to 256"),
        (["--architecture", "biggan"], "unknown architecture 'biggan'; this version has: dcgan,"),
        (["--discriminator", "biggan"], "unknown discriminator 'biggan'; this version has: dcgan,"),
        (["--attention", "12"], "attention_resolution must be the height of some features, 4, 8,"),
        (["--resolution", "512"], "img_resolution must be a whole number from 16 to 256"),
        (["--base-channels", "0"], "base_channels must be a whole number from 1 to 512"),
        (["--batch-size", "1"], "batch_size must be at least 2"),
        (["--r1-gamma", "-1"], "r1_gamma must not be negative"),
        (["--r1-gamma", "nan"], "r1_gamma must not be negative"),
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
    options = ["--count", "5", "--size", "32", "--first", "7"] if name == "faces" else []
    assert main(["dataset", name, str(tmp_path), *options]) == 0
    assert calls == [
        (tmp_path, ("count", 5), ("size", 32), ("first", 7)) if name == "faces" else (tmp_path,)
    ]
    assert f"train --data {tmp_path} --out runs/{name}" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--count", "--size", "--first"])
def test_what_is_for_faces_is_refused_for_digits(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dataset", "digits", str(tmp_path / "digits"), option, "7"]) == 1
    assert capsys.readouterr().err.startswith(f"error: {option} is for faces")
    assert not (tmp_path / "digits").exists()

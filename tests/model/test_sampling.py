"""Claims on the command `sample`: the seeds asked for, where they were asked to be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.__main__ import main
from model.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from model.inference import InferenceEngine
from model.latents import sample_latents, truncate
from model.sampling import label_index, parse_seeds
from model.spec import GeneratorSpec


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("7", [7]),
        ("0-3", [0, 1, 2, 3]),
        ("1,5,9-12", [1, 5, 9, 10, 11, 12]),
        (" 3 , 1-2 ", [3, 1, 2]),
        ("4-4", [4]),
        ("2,2", [2, 2]),
        ("9007199254740991", [2**53 - 1]),
        ("0-99999", list(range(100_000))),
    ],
)
def test_seeds_are_numbers_and_ranges(text: str, seeds: list[int]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    "text", ["", ",", "1,", "a", "-1", "1-", "1-2-3", "1.5", "1e3", "0x10", "1 2", "--", "+1", "²"]
)
def test_what_is_no_list_of_seeds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="seeds are written like 0-63 or 1,5,9-12"):
        parse_seeds(text)


@pytest.mark.parametrize("text", ["5-4", "0-100000", "7,0-99999", "0-" + "9" * 40])
def test_an_empty_range_and_too_many_seeds_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is empty or makes more than 100000 seeds"):
        parse_seeds(text)


def test_a_class_is_named_or_numbered(class_checkpoint: Checkpoint) -> None:
    assert [label_index(class_checkpoint, label) for label in ("cat", "owl", "1")] == [0, 2, 1]


@pytest.mark.parametrize("label", ["cow", "3", "-1", "", "Cat", "1.0"])
def test_an_unknown_class_is_refused_and_the_known_are_named(
    class_checkpoint: Checkpoint, label: str
) -> None:
    with pytest.raises(ValueError, match=f"no class '{label}'.* classes: cat, dog, owl"):
        label_index(class_checkpoint, label)


def test_without_classes_there_is_no_class(plain_checkpoint: Checkpoint) -> None:
    with pytest.raises(ValueError, match="no class '0'; this checkpoint's classes: none"):
        label_index(plain_checkpoint, "0")


def rendered(path: Path, seeds: list[int], label: int | None = None, psi: float = 1) -> np.ndarray:
    """Render each seed alone."""
    checkpoint = read_checkpoint(path)
    engine = InferenceEngine(checkpoint, device="cpu", max_batch_size=1)
    latents = [truncate(sample_latents(checkpoint.spec, [seed], label), psi) for seed in seeds]
    return np.concatenate([engine.generate_pixels(row) for row in latents])


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_folder_gets_a_png_for_each_seed(
    plain_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "faces"
    seeds = [3, *range(40, 73)]  # more than one batch
    assert main(["sample", str(plain_file), "--seeds", "3,40-72", "--out", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == {f"{seed}.png" for seed in seeds}
    for seed, expected in zip(seeds, rendered(plain_file, seeds), strict=True):
        assert np.array_equal(read(out / f"{seed}.png"), expected)
    assert capsys.readouterr().out == f"{out}: 34 images of plain.safetensors\n"


def test_a_file_gets_a_sheet_of_all(class_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    command = ["sample", str(class_file), "--seeds", "5,1,2", "--out", str(out), "--columns", "2"]
    assert main(command) == 0
    sheet = read(out)
    assert sheet.shape == (32, 32)
    expected = rendered(class_file, [5, 1, 2])[..., 0]
    assert np.array_equal(sheet[:16, :16], expected[0])
    assert np.array_equal(sheet[:16, 16:], expected[1])
    assert np.array_equal(sheet[16:, :16], expected[2])
    assert not sheet[16:, 16:].any()


def test_label_and_truncation_are_those_asked_for(class_file: Path, tmp_path: Path) -> None:
    command = ["sample", str(class_file), "--seeds", "8", "--out", str(tmp_path / "a.png")]
    assert main([*command, "--label", "dog", "--truncation", "0.5"]) == 0
    expected = rendered(class_file, [8], label=1, psi=0.5)[0, :, :, 0]
    assert np.array_equal(read(tmp_path / "a.png"), expected)
    assert not np.array_equal(expected, rendered(class_file, [8])[0, :, :, 0])


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_images_of_any_channels_are_written_as_what_they_are(
    tmp_path: Path, make_checkpoint: Callable[[GeneratorSpec], Checkpoint], channels: int, mode: str
) -> None:
    spec = GeneratorSpec("dcgan", 16, channels, z_dim=2, base_channels=1)
    path = tmp_path / "a.safetensors"
    write_checkpoint(make_checkpoint(spec), path)
    assert main(["sample", str(path), "--seeds", "0", "--out", str(tmp_path / "a.png")]) == 0
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == mode
        pixels = np.asarray(image).reshape(16, 16, channels)
    assert np.array_equal(pixels, rendered(path, [0])[0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seeds", "x"], "seeds are written like"),
        (["--seeds", "9007199254740992"], "a seed must be from 0 to"),
        (["--label", "cow"], "no class 'cow'"),
        (["--best-of", "0"], "1 candidate or more"),
        (["--best-of", "2"], "export RUN FILE --with-discriminator"),
        (["--seeds", "0-9999", "--best-of", "11"], "10000 x 11 images to choose from"),
        (["--truncation", "1.5"], "truncation_psi must be from 0 to 1"),
        (["--out", "sheet.xyz"], "unknown file extension"),
        (["--columns", "-1"], "columns must be positive"),
        (["--device", "tpu"], "tpu"),
    ],
)
def test_a_wrong_argument_is_one_line_and_writes_nothing(
    class_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["sample", str(class_file), *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert words in captured.err
    assert captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_checkpoint_is_first_said_to_be_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "README.md"
    page.write_text("# ganloom\n\nTrain a GAN on your own images.\n")
    assert main(["sample", str(page), "--out", str(tmp_path / "a.png")]) == 1
    said = (
        "error: README.md cannot be read as a checkpoint: it is not a safetensors file, or damaged"
    )
    assert capsys.readouterr().err.startswith(said)
    assert list(tmp_path.iterdir()) == [page]

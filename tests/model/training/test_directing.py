"""Claims on the command `directions`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.__main__ import main
from model.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from model.directions import Direction, Directions
from model.training import directing


@pytest.fixture
def file(plain_checkpoint: Checkpoint, tmp_path: Path) -> Path:
    path = tmp_path / "plain.safetensors"
    write_checkpoint(plain_checkpoint, path)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """240 images of noise, every other one bright, and labels that say so."""
    folder = tmp_path / "data"
    folder.mkdir()
    stream = np.random.default_rng(0)
    lines = []
    for index in range(240):
        pixels = stream.integers(0, 60, (16, 16, 3)) + 120 * (index % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{index}.png")
        attributes = {"bright": bool(index % 2)}
        lines.append(json.dumps({"file": f"{index}.png", "attributes": attributes}))
    (folder / "labels.jsonl").write_text("\n".join(lines))
    return folder


def test_without_data_what_the_generator_shows_itself_is_written(file: Path) -> None:
    before = read_checkpoint(file)
    assert main(["directions", str(file)]) == 0
    after = read_checkpoint(file)
    assert after.directions.names[:2] == ("sefa-1", "sefa-2")
    assert after.golden.hashes == before.golden.hashes
    assert after.digest != before.digest


def test_a_direction_that_is_not_wanted_is_left_out(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["directions", str(file), "--drop", "sefa-1,pca-2"]) == 0
    kept = read_checkpoint(file).directions
    assert {"sefa-2", "pca-1"} <= set(kept.names)
    assert not {"sefa-1", "pca-2"} & set(kept.names)
    assert main(["directions", str(file), "--drop", "smile"]) == 1
    assert "no direction 'smile'; there are: sefa-1" in capsys.readouterr().err


def test_with_labelled_data_a_judge_is_trained_and_attributes_come_first(
    file: Path,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Random weights have no attribute to move, so a fitted vector is put in for them."""
    vector = np.eye(5, dtype=np.float32)[:1]
    entry = Direction("bright", "attribute", 1, 2.0, {"agreement": 0.9}, {"hat": 0.25})
    monkeypatch.setenv("GANLOOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(directing, "fit_attributes", lambda *_, **__: Directions(vector, (entry,)))
    out = tmp_path / "new" / "directed.safetensors"
    assert main(["directions", str(file), "--data", str(data), "--out", str(out)]) == 0
    assert read_checkpoint(out).directions.names[:2] == ("bright", "sefa-1")
    assert "90% at 2" in capsys.readouterr().out
    assert not len(read_checkpoint(file).directions)


def test_data_without_attributes_is_refused(
    file: Path,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GANLOOM_CACHE", str(tmp_path / "cache"))
    (data / "labels.jsonl").unlink()
    assert main(["directions", str(file), "--data", str(data)]) == 1
    assert "has no attributes" in capsys.readouterr().err

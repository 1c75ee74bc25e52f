"""Claims on writing a checkpoint and reading it again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from model.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from model.generators import build_generator


@pytest.fixture(params=["plain", "class"])
def checkpoint(request: pytest.FixtureRequest) -> Checkpoint:
    made: Checkpoint = request.getfixturevalue(f"{request.param}_checkpoint")
    return made


def test_what_is_written_is_read(checkpoint: Checkpoint, tmp_path: Path) -> None:
    write_checkpoint(checkpoint, tmp_path / "a.safetensors")
    found = read_checkpoint(tmp_path / "a.safetensors")
    assert found.weights.keys() == checkpoint.weights.keys()
    for name, weight in checkpoint.weights.items():
        assert found.weights[name].dtype == weight.dtype
        assert torch.equal(found.weights[name], weight)
    assert np.array_equal(found.golden.pixels, checkpoint.golden.pixels)
    assert dict(found.golden.hashes) == dict(checkpoint.golden.hashes)
    for field in ("spec", "provenance", "class_names", "attribute_names", "latent_scheme"):
        assert getattr(found, field) == getattr(checkpoint, field)


def test_the_digest_is_the_sha256_of_the_file(checkpoint: Checkpoint, tmp_path: Path) -> None:
    assert checkpoint.digest == ""
    written = write_checkpoint(checkpoint, tmp_path / "a.safetensors")
    digest = hashlib.sha256((tmp_path / "a.safetensors").read_bytes()).hexdigest()
    assert written.digest == digest
    assert read_checkpoint(tmp_path / "a.safetensors").digest == digest
    assert dataclasses.replace(written, digest="") == checkpoint


def test_equal_checkpoints_are_equal_files(checkpoint: Checkpoint, tmp_path: Path) -> None:
    write_checkpoint(checkpoint, tmp_path / "a.safetensors")
    write_checkpoint(read_checkpoint(tmp_path / "a.safetensors"), tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_any_reader_of_safetensors_can_open_it(class_file: Path) -> None:
    with safe_open(class_file, "pt") as file:
        metadata = file.metadata()
        names = set(file.keys())
    assert metadata.keys() == {
        "format_version",
        "spec",
        "latent_scheme",
        "output_range",
        "class_names",
        "attribute_names",
        "provenance",
        "golden",
    }
    assert metadata["format_version"] == "1"
    assert json.loads(metadata["class_names"]) == ["cat", "dog", "owl"]
    spec = read_checkpoint(class_file).spec
    expected = {f"generator.{name}" for name in build_generator(spec).state_dict()}
    assert names == {*expected, "golden.pixels"}


def test_names_in_any_script_come_back(class_checkpoint: Checkpoint, tmp_path: Path) -> None:
    names = ("кошка", '"犬"\n', "\U0001f989")
    write_checkpoint(dataclasses.replace(class_checkpoint, class_names=names), tmp_path / "a")
    assert read_checkpoint(tmp_path / "a").class_names == names


def test_weights_in_another_memory_layout_are_written_in_order(
    plain_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    weights = {
        name: weight.to(memory_format=torch.channels_last) if weight.ndim == 4 else weight
        for name, weight in plain_checkpoint.weights.items()
    }
    write_checkpoint(plain_checkpoint, tmp_path / "a")
    write_checkpoint(dataclasses.replace(plain_checkpoint, weights=weights), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_file_is_whole_readable_by_all_and_alone(
    plain_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    path = tmp_path / "new" / "folder" / "a.safetensors"
    write_checkpoint(plain_checkpoint, path)
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_alone(
    plain_checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        write_checkpoint(plain_checkpoint, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]

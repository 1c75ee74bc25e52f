from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from model.checkpoint import Checkpoint, CheckpointError, read_checkpoint, write_checkpoint
from model.directions import Direction, Directions, DirectionsError

ENTRIES = (
    Direction("glasses", "attribute", 1, 2.5, {"agreement": 0.9}, {"smile": 0.1}),
    Direction("sefa-1", "sefa"),
)
VECTORS = np.eye(5, dtype=np.float32)[:2]
MADE = Directions(VECTORS, ENTRIES)


@pytest.fixture
def file(plain_checkpoint: Checkpoint, tmp_path: Path) -> Path:
    path = tmp_path / "with.safetensors"
    write_checkpoint(dataclasses.replace(plain_checkpoint, directions=MADE), path)
    return path


def rewrite(path: Path, vectors: torch.Tensor | None, text: str | None) -> None:
    """Write the file again with other directions, past what `Directions` would let through."""
    content = path.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8:end])["__metadata__"]
    tensors = safetensors.torch.load(content)
    del tensors["directions.vectors"], metadata["directions"]
    if vectors is not None:
        tensors["directions.vectors"] = vectors
    if text is not None:
        metadata["directions"] = text
    path.write_bytes(safetensors.torch.save(tensors, metadata))


def test_a_checkpoint_gives_back_its_directions(file: Path) -> None:
    read = read_checkpoint(file).directions
    assert read.entries == ENTRIES
    assert np.array_equal(read.vectors, VECTORS)


def test_a_checkpoint_of_before_there_were_directions_is_read_and_written_as_ever(
    plain_checkpoint: Checkpoint, file: Path, plain_file: Path
) -> None:
    rewrite(file, None, None)
    assert len(read_checkpoint(file).directions) == 0
    assert read_checkpoint(plain_file).digest == write_checkpoint(plain_checkpoint, file).digest
    assert b"directions" not in plain_file.read_bytes()


TEXT = MADE.to_json()
NAN = torch.full((2, 5), float("nan"))
UNIT = torch.eye(5)[:2]


@pytest.mark.parametrize(
    ("vectors", "text", "reason"),
    [
        (UNIT, None, "a tensor 'directions.vectors' that its networks do not have"),
        (None, TEXT, "lacks the tensor 'directions.vectors'"),
        (UNIT[:, :4].contiguous(), TEXT, "not F32 (2, 5)"),
        (UNIT.double().to(torch.int64), TEXT, "not F32"),
        (torch.tensor(1.0), TEXT, "not F32 (0, 5)"),
        (UNIT[:1].contiguous(), TEXT, "2 directions for vectors of (1, 5)"),
        (2 * UNIT, TEXT, "not of length 1"),
        (NAN, TEXT, "holds a value that is not finite"),
        (UNIT, "[", "not JSON"),
        (UNIT, "[" * 100_000, "not JSON"),
        (UNIT, "{}", "not a JSON list"),
        (UNIT, '[1, "a"]', "not a JSON list"),
        (UNIT, TEXT.replace("order", "ordre"), "a field or has one"),
        (UNIT, TEXT.replace("sefa-1", "glasses"), "the same name"),
        (UNIT, TEXT.replace("glasses", "a:b"), "name is up to 64"),
        (UNIT, TEXT.replace("glasses", "x" * 65), "name is up to 64"),
        (UNIT, TEXT.replace('"glasses"', "7"), "name is up to 64"),
        (UNIT, TEXT.replace('"attribute"', '"magic"'), "unknown kind"),
        (UNIT, TEXT.replace('"attribute"', "[]"), "unknown kind"),
        (UNIT, TEXT.replace("2.5", "NaN"), "strength"),
        (UNIT, TEXT.replace("2.5", "-1"), "strength"),
        (UNIT, TEXT.replace("0.9", '"high"'), "malformed scores"),
        (UNIT, TEXT.replace("0.9", "Infinity"), "malformed scores"),
        (UNIT, TEXT.replace('{"smile": 0.1}', "[]"), "malformed scores"),
        (UNIT, TEXT.replace("smile", "\\ud800"), "malformed scores"),
        (UNIT, TEXT.replace('"order": 1', '"order": true'), "the order True"),
    ],
)
def test_malformed_directions_are_refused_by_name(
    file: Path, vectors: torch.Tensor | None, text: str | None, reason: str
) -> None:
    rewrite(file, vectors, text)
    with pytest.raises(CheckpointError) as refusal:
        read_checkpoint(file)
    assert reason in str(refusal.value)


def test_an_unknown_name_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(DirectionsError, match="'hat'; there are: glasses, sefa-1"):
        MADE.vector("hat")


def test_what_is_left_keeps_its_vectors_and_is_numbered_anew() -> None:
    second = Direction("hat", "attribute", 2)
    three = Directions(np.eye(5, dtype=np.float32)[:3], (ENTRIES[0], second, ENTRIES[1]))
    left = three.without("glasses")
    assert [(entry.name, entry.order) for entry in left.entries] == [("hat", 1), ("sefa-1", 1)]
    assert left.vectors.tolist() == np.eye(5)[1:3].tolist()
    with pytest.raises(DirectionsError, match="no direction 'smile'"):
        three.without("smile")


def test_joined_directions_keep_their_order_and_their_vectors() -> None:
    other = Directions(np.eye(5, dtype=np.float32)[3:4], (Direction("pca-1", "pca"),))
    joined = Directions.concatenate(MADE, Directions(), other)
    assert joined.names == ("glasses", "sefa-1", "pca-1")
    assert np.array_equal(joined.vector("pca-1"), other.vectors[0])
    assert joined.of_kind("sefa", "pca").names == ("sefa-1", "pca-1")

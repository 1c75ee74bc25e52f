"""Claims on a discriminator that a checkpoint carries."""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from model.checkpoint import Checkpoint, CheckpointError, read_checkpoint, write_checkpoint
from model.discriminators import DiscriminatorSpec, HeldDiscriminator, build_discriminator

DESCRIPTIONS = {
    "dcgan": DiscriminatorSpec("dcgan", 2),
    "batch": DiscriminatorSpec("dcgan", 2, "batch"),
    "spectral": DiscriminatorSpec("resnet", 2, "spectral"),
    "acgan": DiscriminatorSpec("dcgan", 2, auxiliary_outputs=3),
    "packed": DiscriminatorSpec("dcgan", 2, pack=2),
    "residual": DiscriminatorSpec("residual", 2),
    "mlp": DiscriminatorSpec("mlp", 2, "layer"),
}


def hold(checkpoint: Checkpoint, description: DiscriminatorSpec) -> Checkpoint:
    torch.manual_seed(3)
    is_told = checkpoint.spec.is_conditional and description.pack == 1
    spec = checkpoint.spec if is_told else dataclasses.replace(checkpoint.spec, num_classes=0)
    weights = build_discriminator(spec, description).state_dict()
    held = HeldDiscriminator(description, is_told, weights)
    return dataclasses.replace(checkpoint, discriminator=held)


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_it_judges_after_reading_as_it_did_before_writing(
    name: str, class_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    checkpoint = hold(class_checkpoint, DESCRIPTIONS[name])
    before = checkpoint.discriminator
    write_checkpoint(checkpoint, tmp_path / "a.safetensors")
    after = read_checkpoint(tmp_path / "a.safetensors").discriminator
    assert before is not None
    assert after is not None
    assert dataclasses.replace(after, weights={}) == dataclasses.replace(before, weights={})
    images = torch.rand(4, 1, 16, 16) * 2 - 1
    labels = torch.tensor([0, 1, 2, 0]) if before.is_told_labels else None
    one, two = (held.load(checkpoint.spec)(images, labels) for held in (before, after))
    assert torch.equal(one, two)
    assert len(set(two.tolist())) == len(two)


def test_the_generator_and_its_golden_pixels_are_untouched(
    plain_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    write_checkpoint(hold(plain_checkpoint, DESCRIPTIONS["dcgan"]), tmp_path / "a.safetensors")
    read = read_checkpoint(tmp_path / "a.safetensors")
    assert read.weights.keys() == plain_checkpoint.weights.keys()
    assert read.golden.hashes == plain_checkpoint.golden.hashes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"base_channels": 3}, "tensor 'discriminator..*' is F32"),
        ({"base_channels": 1 << 40}, "base_channels must be"),
        ({"base_channels": 2.0}, "base_channels must be"),
        ({"pack": 0}, "pack must be"),
        ({"auxiliary_outputs": 1}, "lacks the tensor 'discriminator.auxiliary"),
        ({"architecture": "os.system"}, "unknown discriminator"),
        ({"architecture": ["dcgan"]}, "must be a string"),
        ({"normalisation": "batch"}, "lacks the tensor|does not have"),
        ({"is_told_labels": True}, "no classes"),
        ({"is_told_labels": 1}, "true or false"),
        ({"has_attention": True}, "needs an attention_resolution"),
        ({"surprise": 1}, "malformed"),
    ],
)
def test_a_description_that_its_tensors_do_not_fit_is_refused(
    change: dict[str, Any], words: str, plain_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    path = tmp_path / "a.safetensors"
    write_checkpoint(hold(plain_checkpoint, DESCRIPTIONS["dcgan"]), path)
    _rewrite(path, lambda text: json.dumps(json.loads(text) | change))
    with pytest.raises(CheckpointError, match=words):
        read_checkpoint(path)


@pytest.mark.parametrize("text", ["", "[]", "7", "null", "{}", "[" * 100_000])
def test_a_description_that_is_none_is_refused(
    text: str, plain_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    path = tmp_path / "a.safetensors"
    write_checkpoint(hold(plain_checkpoint, DESCRIPTIONS["dcgan"]), path)
    _rewrite(path, lambda _: text)
    with pytest.raises(CheckpointError, match="description is malformed"):
        read_checkpoint(path)


def test_tensors_without_a_description_are_refused(
    plain_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    path = tmp_path / "a.safetensors"
    write_checkpoint(hold(plain_checkpoint, DESCRIPTIONS["dcgan"]), path)
    _rewrite(path, None)
    with pytest.raises(CheckpointError, match=r"'discriminator.*' that its networks do not have"):
        read_checkpoint(path)


def test_a_weight_that_is_not_finite_is_refused(
    plain_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    checkpoint = hold(plain_checkpoint, DESCRIPTIONS["dcgan"])
    assert checkpoint.discriminator is not None
    weights = dict(checkpoint.discriminator.weights)
    weights["head.bias"] = torch.full_like(weights["head.bias"], torch.inf)
    held = dataclasses.replace(checkpoint.discriminator, weights=weights)
    write_checkpoint(dataclasses.replace(checkpoint, discriminator=held), tmp_path / "a.st")
    with pytest.raises(CheckpointError, match=r"'discriminator.head.bias' holds a value"):
        read_checkpoint(tmp_path / "a.st")


def _rewrite(path: Path, change: Callable[[str], str] | None) -> None:
    """Change the description in a file's header, or take it out."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    text = header["__metadata__"].pop("discriminator")
    if change is not None:
        header["__metadata__"]["discriminator"] = change(text)
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + content[8 + length :])

"""Claims on judging: the discriminator's own logit, of the pixels, alone and on one thread."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from model.discriminators import DiscriminatorSpec, HeldDiscriminator, build_discriminator
from model.judge import Judge, JudgeError, judging_fault, judging_path
from model.spec import GeneratorSpec

KINDS = {
    "dcgan": DiscriminatorSpec("dcgan", 4),
    "batch": DiscriminatorSpec("dcgan", 4, "batch"),
    "spectral": DiscriminatorSpec("resnet", 4, "spectral"),
    "residual": DiscriminatorSpec("residual", 4),
    "acgan": DiscriminatorSpec("dcgan", 4, auxiliary_outputs=3),
}


def hold(checkpoint: Checkpoint, description: DiscriminatorSpec, is_told: bool) -> Checkpoint:
    torch.manual_seed(5)
    spec = checkpoint.spec if is_told else dataclasses.replace(checkpoint.spec, num_classes=0)
    weights = build_discriminator(spec, description).state_dict()
    if is_told:  # the class term starts at zero, so that a fresh one sees no class
        weights["embedding.weight"] = torch.randn_like(weights["embedding.weight"])
    held = HeldDiscriminator(description, is_told, weights)
    return dataclasses.replace(checkpoint, discriminator=held)


def draw(checkpoint: Checkpoint, count: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(count)
    return rng.integers(0, 256, (count, *checkpoint.spec.pixels_shape), np.uint8)


def judge_alone(path: Path, pixels: NDArray[np.uint8], label: int | None) -> float:
    """Judge by the checkpoint's own reader, from NumPy's arithmetic on."""
    checkpoint = read_checkpoint(path)
    assert checkpoint.discriminator is not None
    discriminator = checkpoint.discriminator.load(checkpoint.spec)
    levels = np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32)
    image = torch.from_numpy(levels / np.float32(127.5) - np.float32(1)).reshape(
        1, *checkpoint.spec.pixels_shape[2:], *checkpoint.spec.img_size
    )
    labels = None if label is None else torch.tensor([label])
    return float(discriminator(image, labels))


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_logit_of_the_checkpoints_own_discriminator(
    kind: str, plain_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    checkpoint = hold(plain_checkpoint, KINDS[kind], is_told=False)
    write_checkpoint(checkpoint, tmp_path / "a.safetensors")
    judge = Judge(read_checkpoint(tmp_path / "a.safetensors"))
    images = draw(checkpoint, 5)
    logits = [judge.logit(image) for image in images]
    assert logits == [judge_alone(tmp_path / "a.safetensors", image, None) for image in images]
    assert len(set(logits)) == 5


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_any_channels_and_classes_are_judged(
    channels: int, make_checkpoint: Callable[[GeneratorSpec], Checkpoint], tmp_path: Path
) -> None:
    spec = GeneratorSpec("dcgan", 32, channels, 2, num_classes=3, base_channels=1, img_width=24)
    checkpoint = hold(make_checkpoint(spec), KINDS["dcgan"], is_told=True)
    write_checkpoint(checkpoint, tmp_path / "a.safetensors")
    judge = Judge(checkpoint)
    (image,) = draw(checkpoint, 1)
    logits = [judge.logit(image, label) for label in range(3)]
    assert logits == [judge_alone(tmp_path / "a.safetensors", image, label) for label in range(3)]
    assert len(set(logits)) == 3


def test_a_label_that_the_discriminator_is_not_told_changes_nothing(
    class_checkpoint: Checkpoint,
) -> None:
    judge = Judge(hold(class_checkpoint, KINDS["acgan"], is_told=False))
    (image,) = draw(class_checkpoint, 1)
    assert judge.logit(image, 0) == judge.logit(image, 2) == judge.logit(image, None)


def test_threads_that_judge_at_once_get_the_logits_of_one(plain_checkpoint: Checkpoint) -> None:
    judge = Judge(hold(plain_checkpoint, KINDS["spectral"], is_told=False))
    images = draw(plain_checkpoint, 40)
    alone = [judge.logit(image) for image in images]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(judge.logit, images)) == alone


def test_pixels_that_may_not_be_written_to_are_judged(plain_checkpoint: Checkpoint) -> None:
    judge = Judge(hold(plain_checkpoint, KINDS["dcgan"], is_told=False))
    (image,) = draw(plain_checkpoint, 1)
    read_only = np.frombuffer(image.tobytes(), np.uint8).reshape(image.shape)
    assert judge.logit(read_only) == judge.logit(image)


def test_a_checkpoint_without_a_discriminator_is_told_how_to_get_one(
    plain_checkpoint: Checkpoint,
) -> None:
    with pytest.raises(JudgeError, match="export RUN FILE --with-discriminator"):
        Judge(plain_checkpoint)


def test_a_discriminator_of_packed_images_judges_none_alone(plain_checkpoint: Checkpoint) -> None:
    checkpoint = hold(plain_checkpoint, DiscriminatorSpec("dcgan", 4, pack=2), is_told=False)
    assert "judges 2 images together" in str(judging_fault(checkpoint))
    with pytest.raises(JudgeError, match="without packing"):
        Judge(checkpoint)


def test_the_path_names_the_processors_kind_and_torchs_version() -> None:
    assert judging_path().startswith("cpu-")
    assert torch.__version__.split("+")[0] in judging_path()

"""Claims on triples of digits and how they are counted."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmarks.digit_triples import MODES, stack_digits, triple_class
from benchmarks.short_run import train_to
from benchmarks.stacked_digits import judge_triples
from model.training.dataset import ImageDataset
from model.training.metrics.classifier import Judge
from model.training.metrics.confidence import proportion
from model.training.presets import PRESETS


class Brightness(nn.Module):
    """Reads an image of one grey level g as the digit g / 20."""

    def forward(self, images: Tensor) -> Tensor:
        levels = (images.mean(dim=(1, 2, 3)) + 1) * 127.5
        return -(levels[:, None] - 20 * torch.arange(10)).abs()


JUDGE = Judge(Brightness(), proportion([True]))


def flat_digits() -> ImageDataset:
    """Ten digits, each of one grey level."""
    labels = np.arange(10, dtype=np.int64)
    pixels = np.repeat(20 * labels.astype(np.uint8), 16).reshape(10, 4, 4, 1)
    names = tuple(str(label) for label in labels)
    return ImageDataset(pixels, labels, names, None, (), "flat", "none", "", "0", ())


def test_a_triple_is_numbered_by_its_digits() -> None:
    assert triple_class(np.array([[0, 0, 7], [9, 9, 9], [1, 2, 3]])).tolist() == [7, 999, 123]


def test_channels_hold_the_digits_that_the_label_names() -> None:
    triples = stack_digits(flat_digits(), count=500)
    assert triples.pixels.shape == (500, 4, 4, 3)
    digits = triples.pixels[:, 0, 0, :].astype(np.int64) // 20
    assert triples.labels is not None
    assert np.array_equal(triple_class(digits), triples.labels)


def test_the_triples_are_the_same_in_every_run() -> None:
    first, again = stack_digits(flat_digits(), 50), stack_digits(flat_digits(), 50)
    assert np.array_equal(first.pixels, again.pixels)
    assert first.digest == again.digest


def test_triples_need_labels() -> None:
    digits = flat_digits()
    unlabelled = ImageDataset(digits.pixels, None, (), None, (), "flat", "none", "", "0", ())
    with pytest.raises(ValueError, match="labelled"):
        stack_digits(unlabelled)


def test_every_triple_once_is_every_mode_at_no_divergence() -> None:
    grid = np.stack(np.meshgrid(*[np.arange(10)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 1, 3)
    pixels = np.repeat(np.repeat(20 * grid.astype(np.uint8), 4, axis=1), 4, axis=2)
    modes, kl = judge_triples(JUDGE, pixels)
    assert modes == MODES
    assert kl == pytest.approx(0.0, abs=1e-9)
    modes, kl = judge_triples(JUDGE, pixels[:10])
    assert modes == 10
    assert kl == pytest.approx(np.log(100))


def test_a_stopped_run_goes_on_and_another_recipe_is_refused(tmp_path: Path) -> None:
    digits = flat_digits()
    pixels = np.repeat(np.repeat(digits.pixels, 4, axis=1), 4, axis=2)
    data = dataclasses.replace(digits, pixels=pixels)
    config = dataclasses.replace(
        PRESETS["dcgan"],
        img_resolution=16,
        img_channels=1,
        base_channels=4,
        discriminator_channels=4,
        batch_size=8,
        z_dim=4,
    )
    train_to(16, config, data, tmp_path / "halved")
    halved = train_to(32, config, data, tmp_path / "halved")
    whole = train_to(32, config, data, tmp_path / "whole")
    assert halved.images_seen == whole.images_seen == 32
    pairs = zip(halved.generator.parameters(), whole.generator.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    with pytest.raises(SystemExit, match="another recipe"):
        train_to(48, dataclasses.replace(config, seed=1), data, tmp_path / "halved")

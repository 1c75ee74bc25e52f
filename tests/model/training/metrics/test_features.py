"""Claims on features: what is fed to a network, and what is kept on disk."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from model.training.dataset import ImageDataset
from model.training.metrics.features import (
    FeatureExtractor,
    choose_extractor,
    dataset_features,
    extract_features,
    resize,
    to_rgb,
)


class Recorder:
    """An extractor of mean levels that counts the images it is shown."""

    def __init__(self) -> None:
        self.images = 0
        self.extractor = FeatureExtractor("means", "means-1", self.extract)

    def extract(self, pixels: Tensor) -> Tensor:
        assert pixels.dtype == torch.uint8
        self.images += len(pixels)
        return pixels.float().mean(dim=(2, 3))


def test_features_are_those_of_each_image_in_order() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (41, 8, 8, 3), dtype=np.uint8)
    found = extract_features(Recorder().extractor, pixels)
    np.testing.assert_allclose(found, pixels.mean(axis=(1, 2)), rtol=1e-5)


def test_gray_is_repeated_and_alpha_laid_over_white() -> None:
    gray = np.full((1, 2, 2, 1), 90, np.uint8)
    assert to_rgb(gray).tolist() == np.full((1, 2, 2, 3), 90).tolist()
    see_through = np.array([[[[10, 20, 30, 0]]]], np.uint8)
    assert to_rgb(see_through).tolist() == [[[[255, 255, 255]]]]
    half = np.array([[[[100, 51]]]], np.uint8)  # 100 / 5 + 255 * 4 / 5
    assert to_rgb(half).tolist() == [[[[224, 224, 224]]]]
    color = np.array([[[[1, 2, 3]]]], np.uint8)
    assert np.array_equal(to_rgb(color), color)


def test_shrinking_averages_and_does_not_skip() -> None:
    checkers = torch.tensor([0.0, 255.0]).repeat(64)[None, None, None].expand(1, 1, 128, 128)
    small = resize(checkers, 32)
    assert float(small[:, :, :, 2:-2].std()) < 1.0
    assert float(small.mean()) == pytest.approx(127.5, abs=1.0)


def test_features_of_a_data_set_are_measured_once(
    tmp_path: Path, make_dataset: Callable[..., ImageDataset]
) -> None:
    dataset, recorder = make_dataset(), Recorder()
    rows = np.array([5, 2, 30])
    first = dataset_features(recorder.extractor, dataset, rows, tmp_path)
    again = dataset_features(recorder.extractor, dataset, rows, tmp_path)
    assert recorder.images == 3
    assert np.array_equal(first, again)
    np.testing.assert_allclose(first, dataset.pixels[rows].mean(axis=(1, 2)), rtol=1e-5)


def test_other_rows_images_or_features_are_measured_anew(
    tmp_path: Path, make_dataset: Callable[..., ImageDataset]
) -> None:
    dataset, recorder = make_dataset(), Recorder()
    rows = np.array([1, 2])
    dataset_features(recorder.extractor, dataset, rows, tmp_path)
    dataset_features(recorder.extractor, dataset, rows[::-1].copy(), tmp_path)
    other = dataclasses.replace(dataset, digest="1" * 64)
    dataset_features(recorder.extractor, other, rows, tmp_path)
    newer = dataclasses.replace(recorder.extractor, key="means-2")
    dataset_features(newer, dataset, rows, tmp_path)
    assert recorder.images == 8


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00"])
def test_a_damaged_file_is_made_anew(
    tmp_path: Path, make_dataset: Callable[..., ImageDataset], content: bytes
) -> None:
    dataset, recorder = make_dataset(), Recorder()
    rows = np.array([1, 2])
    first = dataset_features(recorder.extractor, dataset, rows, tmp_path)
    (kept,) = (tmp_path / "features").iterdir()
    kept.write_bytes(content)
    assert np.array_equal(dataset_features(recorder.extractor, dataset, rows, tmp_path), first)
    assert recorder.images == 4


def test_a_feature_that_is_not_finite_is_an_error() -> None:
    broken = FeatureExtractor("broken", "broken", lambda x: torch.full((len(x), 2), torch.nan))
    with pytest.raises(RuntimeError, match="not finite"):
        extract_features(broken, np.zeros((3, 4, 4, 3), np.uint8))


def test_the_default_gives_1280_features_of_any_size_and_mode() -> None:
    extractor = choose_extractor("efficientnet-lite0")
    assert extractor.name == "efficientnet-lite0"
    rng = np.random.default_rng(2)
    for side, channels in ((16, 1), (200, 4)):
        pixels = rng.integers(0, 256, (2, side, side, channels), dtype=np.uint8)
        assert extract_features(extractor, pixels).shape == (2, 1280)


def test_grain_finer_than_the_side_asked_for_does_not_count() -> None:
    rng = np.random.default_rng(3)
    coarse = np.kron(rng.integers(20, 236, (1, 8, 8, 3)), np.ones((1, 4, 4, 1))).astype(np.uint8)
    grain = np.tile(np.array([[9, -9], [-9, 9]]), (16, 16))[None, :, :, None]
    both = np.concatenate([coarse, (coarse + grain).astype(np.uint8)])
    plain, averaged = (
        extract_features(choose_extractor(name), both)
        for name in ("efficientnet-lite0", "efficientnet-lite0:8")
    )
    np.testing.assert_allclose(averaged[0], averaged[1], atol=1e-4)
    assert np.abs(plain[0] - plain[1]).max() > 0.1


@pytest.mark.parametrize(
    "choice",
    [
        *("resnet", "inception", "inception=", "efficientnet-lite0=x", "efficientnet-lite0:"),
        *("efficientnet-lite0:0", "efficientnet-lite0:x"),
    ],
)
def test_unknown_features_are_refused(choice: str) -> None:
    with pytest.raises(ValueError, match="inception=FILE"):
        choose_extractor(choice)

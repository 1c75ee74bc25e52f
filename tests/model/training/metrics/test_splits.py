"""Claims on splits: no image is on two sides of a comparison."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from model.training.dataset import ImageDataset
from model.training.metrics.splits import split_reals, unshared_rows

Maker = Callable[..., ImageDataset]


def test_halves_share_no_image_and_are_as_large_as_asked(make_dataset: Maker) -> None:
    data = make_dataset(203)
    split = split_reals(data, None, 60)
    assert len(split.reference) == len(split.other) == 60
    assert not set(split.reference) & set(split.other)
    assert sorted(split.searched) == list(range(203))


def test_more_samples_than_half_the_images_are_cut_to_half(make_dataset: Maker) -> None:
    split = split_reals(make_dataset(203), None, 1000)
    assert len(split.reference) == len(split.other) == 101


def test_the_places_of_real_images_among_those_searched_are_known(make_dataset: Maker) -> None:
    split = split_reals(make_dataset(203), None, 60)
    assert split.own_places is not None
    assert np.array_equal(split.searched[split.own_places], split.other)


def test_held_out_images_are_compared_with_and_training_images_searched(
    make_dataset: Maker,
) -> None:
    data, held_out = make_dataset(203), make_dataset(120)
    split = split_reals(data, held_out, 60)
    assert split.pool is held_out
    assert split.own_places is None
    assert len(split.searched) == 203


def test_held_out_images_that_are_training_images_are_left_out(make_dataset: Maker) -> None:
    data, held_out = make_dataset(203), make_dataset(120)
    mixed = dataclasses.replace(
        held_out, pixels=np.concatenate([data.pixels[40:60], held_out.pixels])
    )
    assert unshared_rows(mixed, data).tolist() == list(range(20, 140))
    split = split_reals(data, mixed, 1000)
    assert min(split.reference.min(), split.other.min()) >= 20


def test_a_split_is_random_and_repeats(make_dataset: Maker) -> None:
    first, again = (split_reals(make_dataset(203), None, 60) for _ in range(2))
    assert np.array_equal(first.reference, again.reference)
    assert not np.array_equal(first.reference, np.sort(first.reference))


def test_too_few_images_are_refused(make_dataset: Maker) -> None:
    with pytest.raises(ValueError, match="at least 80 images and 40 samples"):
        split_reals(make_dataset(79), None, 1000)
    with pytest.raises(ValueError, match="not training images"):
        split_reals(make_dataset(203), make_dataset(203), 1000)

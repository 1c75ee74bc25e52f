"""Claims on samples measured by the data."""

from __future__ import annotations

import math

import numpy as np
import pytest

from model.training.structure import Structures
from model.training.variety import DataVariety

NO_STRUCTURE = Structures(0.0, 0.0)


def flat(levels: np.ndarray) -> np.ndarray:
    return np.broadcast_to(levels[:, None, None, None], (len(levels), 4, 4, 3))


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)


def test_the_datas_distances_are_those_of_their_pairs() -> None:
    # Flat images of levels 0, 10, 20, ...: the distance of two is the difference of levels.
    levels = np.arange(0, 200, 10, dtype=np.uint8)
    data = DataVariety.of(flat(levels))
    pairs = [abs(int(a) - int(b)) for i, a in enumerate(levels) for b in levels[:i]]
    assert data.distance == pytest.approx(sum(pairs) / len(pairs))
    assert data.nearest == pytest.approx(10)


def test_twins_are_nearer_than_half_of_the_nearest_pair_of_the_data() -> None:
    levels = np.array([0, 4, 50, 56, 100, 200], np.uint8)  # the first two are one image twice
    variety = DataVariety(80.0, 10.0, NO_STRUCTURE).measure(flat(levels))
    pairs = [abs(int(a) - int(b)) for i, a in enumerate(levels) for b in levels[:i]]
    assert variety.twins == pytest.approx(2 / 6)
    assert variety.diversity == pytest.approx(sum(pairs) / len(pairs) / 80)
    assert math.isnan(DataVariety(0.0, 0.0, NO_STRUCTURE).measure(flat(levels)).diversity)


@pytest.mark.parametrize("count", [64, 65, 100, 256, 300, 2000])
def test_structures_are_counted_among_64_images_at_most(count: int) -> None:
    # Among more there would be more, and every run would fall short of its data.
    data = DataVariety.of(noise(count))
    assert data.structures.count < 63
    assert data.measure(noise(64)).structure == pytest.approx(1, abs=0.1)


def test_data_sorted_by_class_are_measured_from_end_to_end() -> None:
    levels = np.repeat(np.array([0, 200], np.uint8), 50)  # the second half is another class
    assert DataVariety.of(flat(levels)).distance == pytest.approx(100, abs=2)


def test_the_structures_of_256_images_are_a_mean_over_four_times_64() -> None:
    pixels = noise(256)
    parts = [Structures.of(pixels[start::4]) for start in range(4)]
    structures = DataVariety.of(pixels).structures
    assert structures.count == pytest.approx(sum(part.count for part in parts) / 4)
    assert structures.spread == pytest.approx(sum(part.spread for part in parts) / 4)


def test_one_image_has_no_variety_to_measure_by() -> None:
    variety = DataVariety.of(noise(1)).measure(noise(64))
    assert math.isnan(variety.diversity)
    assert math.isnan(variety.structure)

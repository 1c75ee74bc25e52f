"""Claims on spreading: what is chosen, by a slow derivation of its own."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from model.spreading import spread_out

Pixels = NDArray[np.uint8]


def noise(*shape: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def plain(*levels: int) -> Pixels:
    return np.array(levels, np.uint8)[:, None, None, None].repeat(16, 1).repeat(16, 2)


def test_the_farthest_is_taken_each_time() -> None:
    assert spread_out(plain(100, 101, 0, 102, 255, 50), 4) == [0, 4, 2, 5]


def test_no_image_is_taken_twice_even_where_all_are_equal() -> None:
    assert spread_out(plain(7, 7, 7, 7), 4) == [0, 1, 2, 3]


@pytest.mark.parametrize("shape", [(16, 16, 3), (24, 32, 4), (5, 9, 1)])
def test_each_choice_maximizes_the_distance_from_those_before(shape: tuple[int, ...]) -> None:
    pixels = noise(20, *shape)
    height, width = shape[:2]
    rows, columns = min(8, height), min(8, width)
    small = np.array(
        [
            [
                image[r * height // rows : (r + 1) * height // rows][
                    :, c * width // columns : (c + 1) * width // columns
                ].sum(axis=(0, 1))
                for r in range(rows)
                for c in range(columns)
            ]
            for image in pixels.astype(float)
        ]
    ).reshape(20, -1)
    chosen = spread_out(pixels, 6)
    assert chosen[0] == 0
    for step in range(1, 6):
        nearest = [
            min(float(np.sum((small[i] - small[j]) ** 2)) for j in chosen[:step]) for i in range(20)
        ]
        assert nearest[chosen[step]] == max(nearest)


def test_the_chosen_differ_more_than_the_first_ones() -> None:
    pixels = np.random.default_rng(0).normal(128, 30, (64, 1, 1, 3)).clip(0, 255)
    images = np.broadcast_to(pixels, (64, 16, 16, 3)).astype(np.uint8)

    def least(indices: list[int]) -> float:
        rows = images[indices, 0, 0].astype(float)
        pairs = np.linalg.norm(rows[:, None] - rows[None], axis=2)
        return float(pairs[~np.eye(len(rows), dtype=bool)].min())

    assert least(spread_out(images, 8)) > 3 * least(list(range(8)))


@pytest.mark.parametrize("count", [0, -1, 5])
def test_more_than_there_are_or_none_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 4"):
        spread_out(plain(1, 2, 3, 4), count)

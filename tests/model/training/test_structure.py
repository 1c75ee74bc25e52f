"""Claims on what is seen of images beside their colours."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from model.training.structure import Structures, describe

Pixels = NDArray[np.uint8]


def noise(count: int, height: int = 16, width: int = 16, channels: int = 3) -> Pixels:
    shape = (count, height, width, channels)
    return np.random.default_rng(count + height).integers(0, 256, shape, dtype=np.uint8)


def blobs(count: int, seed: int) -> Pixels:
    """Draw that many masks of 32 x 32, 0 or 1, of three discs each."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:32, :32]
    centres = rng.uniform(4, 28, (2, count, 3, 1, 1))
    radii = rng.uniform(3, 8, (count, 3, 1, 1))
    inside = (rows - centres[0]) ** 2 + (columns - centres[1]) ** 2 < radii**2
    masks: Pixels = inside.any(axis=1).astype(np.uint8)
    return masks


def paint(masks: Pixels, seed: int, has_colours: bool = True) -> Pixels:
    """Paint each mask: its inside and its outside in two colours, or all of them in the same."""
    rng = np.random.default_rng(seed)
    inside = rng.integers(0, 110, (len(masks), 1, 1, 3))
    outside = rng.integers(140, 256, (len(masks), 1, 1, 3))
    if has_colours:
        swapped = rng.random(len(masks)) < 0.5  # light on dark, and dark on light
        inside[swapped], outside[swapped] = outside[swapped], inside[swapped]
    else:
        inside[:], outside[:] = inside[0], outside[0]
    return np.where(masks[..., None] == 1, inside, outside).astype(np.uint8)


def test_a_description_is_the_squared_gradient_over_its_size_summed_over_channels() -> None:
    pixels = noise(2, 5, 6)
    expected = []
    for image in pixels.astype(float):
        values = []
        for row in range(1, 4):
            for column in range(1, 5):
                gradient = (image[row, column + 1] - image[row, column - 1]) + 1j * (
                    image[row + 1, column] - image[row - 1, column]
                )
                size = math.sqrt(sum(abs(each) ** 2 for each in gradient))
                values.append(sum(each**2 for each in gradient) / size)
        row_of = np.array([value.real for value in values] + [value.imag for value in values])
        expected.append(row_of / np.linalg.norm(row_of))
    assert describe(pixels) == pytest.approx(np.array(expected))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize(("height", "width"), [(16, 16), (28, 28), (96, 64), (64, 112), (256, 256)])
def test_every_size_and_number_of_channels_is_described(
    height: int, width: int, channels: int
) -> None:
    pixels = noise(3, height, width, channels)
    rows = describe(pixels)
    assert rows.shape[0] == 3
    assert rows.shape[1] <= 2 * 62 * 62  # a look is to cost little
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1.0] * 3)
    assert np.array_equal(describe(pixels[1:])[0], rows[1])  # a row is its image's alone


def test_a_description_knows_neither_colour_nor_contrast_nor_sign() -> None:
    pixels = (noise(4) // 4) * 2
    rows = describe(pixels)
    assert describe(255 - pixels) == pytest.approx(rows)
    assert describe(pixels // 2 + 90) == pytest.approx(rows)
    assert describe(pixels[..., ::-1]) == pytest.approx(rows)


def test_a_silhouette_in_the_alpha_channel_is_structure() -> None:
    masks = blobs(64, seed=3)[..., None]
    sprites = np.concatenate([np.zeros_like(masks), 255 * masks], axis=-1)
    assert describe(sprites) == pytest.approx(describe(255 * masks))


def test_larger_images_are_seen_at_the_same_scale() -> None:
    pixels = noise(3, 32, 48)
    assert describe(pixels.repeat(4, axis=1).repeat(4, axis=2)) == pytest.approx(describe(pixels))


@pytest.mark.parametrize("kinds", [2, 5, 9])
def test_of_k_structures_equally_frequent_and_equally_unlike_the_count_is_one_less(
    kinds: int,
) -> None:
    # Bars in places of their own: descriptions at right angles. The covariance of k such points
    # has k - 1 equal eigenvalues, and their mean square distance from the mean is 1 - 1/k.
    images = np.full((kinds, 40, 16, 1), 100, np.uint8)
    for kind in range(kinds):
        images[kind, 4 * kind + 2] = 200
    structures = Structures.of(images.repeat(6, axis=0))
    assert structures.count == pytest.approx(kinds - 1)
    assert structures.spread == pytest.approx(1 - 1 / kinds)


def test_five_shapes_in_many_colours_are_few_and_many_in_one_colour_are_not() -> None:
    data = Structures.of(paint(blobs(64, seed=1), seed=2))
    five = paint(blobs(5, seed=3)[np.arange(64) % 5], seed=4)
    grey = paint(blobs(64, seed=5), seed=6, has_colours=False)
    other = paint(blobs(64, seed=7), seed=8)
    assert Structures.of(five).over(data) < 0.25
    assert Structures.of(grey).over(data) > 0.8
    assert Structures.of(other).over(data) > 0.8


def test_one_shape_with_a_little_noise_is_few_however_the_noise_varies() -> None:
    data = Structures.of(paint(blobs(64, seed=1), seed=2))
    one = paint(blobs(1, seed=3).repeat(64, axis=0), seed=4).astype(int)
    noisy = (one + np.random.default_rng(5).integers(-3, 4, one.shape)).clip(0, 255)
    assert Structures.of(noisy.astype(np.uint8)).over(data) < 0.1


def test_data_of_one_structure_are_no_measure() -> None:
    levels = np.random.default_rng(1).integers(0, 256, (64, 1, 1, 3))
    flat = np.broadcast_to(levels, (64, 32, 32, 3)).astype(np.uint8)
    faint = (flat // 2 + noise(64, 32, 32) % 2).astype(np.uint8)  # and noise of one level
    one = paint(blobs(1, seed=3).repeat(64, axis=0), seed=4)
    for data in (flat, faint, one, one[:1]):
        assert math.isnan(Structures.of(paint(blobs(64, seed=5), 6)).over(Structures.of(data)))


def test_what_lies_further_apart_than_the_data_is_no_merit() -> None:
    data = Structures(count=10.0, spread=0.4)
    assert Structures(5.0, 0.8).over(data) == 0.5
    assert Structures(5.0, 0.2).over(data) == 0.25
    assert Structures.of(np.zeros((4, 16, 16, 3), np.uint8)).over(data) == 0.0

"""Claims on the one rounding between images and pixels."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from model.pixels import to_images, to_pixels


def levels(values: torch.Tensor) -> list[int]:
    levels: list[int] = to_pixels(values.reshape(1, 1, 1, -1)).flatten().tolist()
    return levels


def test_minus_one_is_black_one_is_white_and_beyond_is_clamped() -> None:
    assert levels(torch.tensor([-1.0, 1.0])) == [0, 255]
    assert levels(torch.tensor([-1.5, 1.5, -1e30, 1e30, -torch.inf, torch.inf])) == [0, 255] * 3


def test_every_level_survives_the_way_to_images_and_back() -> None:
    pixels = torch.arange(256)
    assert levels(pixels / 127.5 - 1) == pixels.tolist()
    images = to_images(pixels.to(torch.uint8).reshape(1, 16, 16, 1))
    assert torch.equal(to_pixels(images).flatten(), pixels.to(torch.uint8))


def test_images_span_minus_one_to_one_with_channels_first() -> None:
    pixels = torch.tensor([[[[0, 255], [51, 204]]]], dtype=torch.uint8)  # (1, 1, 2, 2)
    images = to_images(pixels)
    assert (images.dtype, images.shape) == (torch.float32, (1, 2, 1, 2))
    expected = [float(np.float32(2 * value / 255) - np.float32(1)) for value in (0, 51, 255, 204)]
    assert images.flatten().tolist() == pytest.approx(expected, abs=1e-7)


def test_values_go_to_the_nearest_level() -> None:
    torch.manual_seed(0)
    values = torch.rand(20_000) * 2 - 1
    exact = [Fraction(value) * Fraction(255, 2) + Fraction(255, 2) for value in values.tolist()]
    for level, target in zip(levels(values), exact, strict=True):
        assert abs(level - target) < Fraction(1, 2) + Fraction(1, 10_000)


def test_zero_is_the_even_one_of_its_two_nearest_levels() -> None:
    assert levels(torch.tensor([0.0])) == [128]


def test_rows_columns_and_channels_keep_their_places() -> None:
    pixels = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)
    images = torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy()) / 127.5 - 1
    for laid_out in (images, images.to(memory_format=torch.channels_last)):
        result = to_pixels(laid_out)
        assert result.dtype == torch.uint8
        assert result.is_contiguous()
        assert np.array_equal(result.numpy(), pixels)


def test_the_images_are_left_as_they_were() -> None:
    images = torch.full((1, 1, 2, 2), 0.3)
    to_pixels(images)
    assert torch.equal(images, torch.full((1, 1, 2, 2), 0.3))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_other_precisions_round_as_their_float32_value(dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    images = (torch.rand(1, 3, 8, 8) * 2 - 1).to(dtype)
    assert torch.equal(to_pixels(images), to_pixels(images.float()))

"""Claims on augmentations, pixel by pixel against plain indexing."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from model.training.augment import DRAWS, adaptive_augment, diff_augment

OFF = 0.5  # a draw in the middle changes no colour and shifts nothing
FLIP, TURN, CUT = 7, 15, (13, 14)
FLIPPED, TURNED, SHIFTED, HOLED = 0, 1, 5, 6  # gates


def images_of(count: int = 4, channels: int = 3, height: int = 16, width: int = 16) -> Tensor:
    generator = torch.manual_seed(6)
    return torch.rand(count, channels, height, width, dtype=torch.float64, generator=generator)


def draws_of(count: int, **amounts: float) -> Tensor:
    """Return draws that change nothing but what is named, by number: d8=0.3."""
    draws = torch.full((count, DRAWS), OFF, dtype=torch.float64)
    for name, value in amounts.items():
        draws[:, int(name[1:])] = value
    return draws


def only(gate: int, count: int = 4, **amounts: float) -> Tensor:
    """Return draws in which, at p = 0.5, just one augmentation is done."""
    draws = draws_of(count, **amounts)
    draws[:, :7] = 0.9
    draws[:, gate] = 0.1
    return draws


def random_draws(count: int, seed: int = 0) -> Tensor:
    return torch.rand(count, DRAWS, dtype=torch.float64, generator=torch.manual_seed(seed))


def without_hole(images: Tensor, draws: Tensor) -> Tensor:
    """Apply DiffAugment with the hole's centre in the corner; return the far quarter."""
    return diff_augment(images, draws)[:, :, 12:, 12:]


def test_in_the_middle_nothing_is_recoloured_or_moved() -> None:
    images = images_of()
    draws = draws_of(4, d13=0.0, d14=0.0)
    torch.testing.assert_close(without_hole(images, draws), images[:, :, 12:, 12:])


def test_brightness_adds_up_to_a_half() -> None:
    images = images_of()
    for draw in (0.0, 0.25, 0.999):
        draws = draws_of(4, d8=draw, d13=0.0, d14=0.0)
        expected = images[:, :, 12:, 12:] + draw - 0.5
        torch.testing.assert_close(without_hole(images, draws), expected)


def test_saturation_scales_the_distance_from_grey_by_0_to_2() -> None:
    images = images_of()
    grey = images.numpy().mean(axis=1, keepdims=True)
    for draw in (0.0, 0.3, 0.999):
        draws = draws_of(4, d9=draw, d13=0.0, d14=0.0)
        expected = torch.from_numpy(grey + 2 * draw * (images.numpy() - grey))[:, :, 12:, 12:]
        torch.testing.assert_close(without_hole(images, draws), expected)


def test_contrast_scales_the_distance_from_the_mean_by_a_half_to_three_halves() -> None:
    images = images_of()
    level = images.numpy().mean(axis=(1, 2, 3), keepdims=True)
    for draw in (0.0, 0.3, 0.999):
        draws = draws_of(4, d10=draw, d13=0.0, d14=0.0)
        expected = torch.from_numpy(level + (0.5 + draw) * (images.numpy() - level))
        torch.testing.assert_close(without_hole(images, draws), expected[:, :, 12:, 12:])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_alpha_keeps_its_values(channels: int) -> None:
    images = images_of(channels=channels)
    draws = draws_of(4, d8=0.9, d9=0.1, d10=0.9, d13=0.0, d14=0.0)
    out, before = without_hole(images, draws), images[:, :, 12:, 12:]
    colours = {1: 1, 2: 1, 3: 3, 4: 3}[channels]
    assert torch.equal(out[:, colours:], before[:, colours:])
    assert not torch.isclose(out[:, :colours], before[:, :colours]).all()


@pytest.mark.parametrize(("height", "width"), [(16, 16), (24, 16)])
def test_a_shift_is_by_whole_pixels_up_to_an_eighth_and_brings_in_zeros(
    height: int, width: int
) -> None:
    images = images_of(height=height, width=width)
    farthest = height // 8
    seen = set()
    for step in range(2 * farthest + 1):
        draw = (step + 0.5) / (2 * farthest + 1)
        out = adaptive_augment(images, only(SHIFTED, d11=draw), p=0.5)
        down = step - farthest
        expected = torch.zeros_like(images)
        if down >= 0:
            expected[:, :, down:] = images[:, :, : height - down]
        else:
            expected[:, :, :down] = images[:, :, -down:]
        assert torch.equal(out, expected)
        seen.add(down)
    assert seen == set(range(-farthest, farthest + 1))
    right = adaptive_augment(images, only(SHIFTED, d12=0.999), p=0.5)
    assert torch.equal(right[:, :, :, 2:], images[:, :, :, : width - 2])
    assert not right[:, :, :, :2].any()


def test_a_flip_and_turns_are_exact() -> None:
    images = images_of()
    flipped = adaptive_augment(images, only(FLIPPED, d7=0.2), p=0.5)
    assert torch.equal(flipped, images.flip(3))
    assert torch.equal(adaptive_augment(images, only(FLIPPED, d7=0.7), p=0.5), images)
    for quarters in range(4):
        draws = only(TURNED, d15=quarters / 4 + 0.1)
        expected = np.rot90(images.numpy(), quarters, axes=(2, 3)).copy()
        assert torch.equal(adaptive_augment(images, draws, p=0.5), torch.from_numpy(expected))


def test_an_oblong_image_keeps_its_shape() -> None:
    images = images_of(height=24, width=16)
    for quarters, halves in ((1, 0), (2, 1), (3, 1)):
        out = adaptive_augment(images, only(TURNED, d15=quarters / 4 + 0.1), p=0.5)
        assert torch.equal(out, torch.rot90(images, 2 * halves, (2, 3)))


def test_the_hole_is_half_as_wide_and_somewhere_else_each_time() -> None:
    images = images_of(count=500) + 1
    draws = draws_of(500)
    draws[:, 13:15] = random_draws(500)[:, 13:15]
    kept = diff_augment(images, draws)[:, 0] != 0
    for row in range(500):
        missing = (~kept[row]).nonzero()
        height, width = (missing.max(0).values - missing.min(0).values + 1).tolist()
        assert len(missing) == height * width  # a rectangle, cut off at the border
        assert 4 <= height <= 8
        assert 4 <= width <= 8
    share = (~kept).float().mean(0)
    assert share.min() > 0.05  # every pixel is missing now and then
    assert share.max() < 0.5


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_each_image_is_augmented_with_probability_p(p: float) -> None:
    images, draws = images_of(count=2000, channels=1), random_draws(2000)
    draws[:, :HOLED] = 0.9999  # nothing but the hole
    is_cut = (adaptive_augment(images, draws, p) != images).flatten(1).any(1)
    if p < 1:
        assert (is_cut.float().mean().item() - p) ** 2 < 16 * p * (1 - p) / 2000 + 1e-12
    else:
        assert is_cut.all()


def test_never_is_the_identity() -> None:
    images = images_of()
    assert torch.equal(adaptive_augment(images, random_draws(4), 0.0), images)


def test_an_image_is_augmented_by_its_own_draws_alone() -> None:
    images, draws = images_of(), random_draws(4)
    for augment in (diff_augment, lambda x, d: adaptive_augment(x, d, 0.7)):
        together = augment(images, draws)
        for row in range(4):
            alone = augment(images[row : row + 1], draws[row : row + 1])
            torch.testing.assert_close(together[row], alone[0])


def test_gradients_flow_twice() -> None:
    images, draws = images_of(count=1, height=4, width=4).requires_grad_(), random_draws(1)
    for augment in (diff_augment, lambda x, d: adaptive_augment(x, d, 0.9)):
        assert torch.autograd.gradcheck(lambda x, f=augment: f(x, draws), (images,))
        assert torch.autograd.gradgradcheck(lambda x, f=augment: f(x, draws).square(), (images,))


def test_the_draws_of_the_hole_reach_both_borders() -> None:
    images = images_of(count=1) + 1
    for place, draw in ((0, 0.0), (15, 0.999)):
        out = diff_augment(images, draws_of(1, d13=draw, d14=draw))
        assert not out[0, :, place, place].any()
        assert math.isclose(
            float(out[0, 0, 15 - place, 15 - place]), float(images[0, 0, 15 - place, 15 - place])
        )

"""Claims on residual blocks and on resampling."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from model.residual import LEAK, ResidualBlock, down_sample, up_sample


def test_inside_a_border_doubling_is_bilinear_interpolation() -> None:
    torch.manual_seed(1)
    x = torch.randn(2, 3, 5, 7, dtype=torch.float64)
    expected = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    assert up_sample(x).shape == (2, 3, 10, 14)
    torch.testing.assert_close(up_sample(x)[..., 1:-1, 1:-1], expected[..., 1:-1, 1:-1])


def test_halving_is_the_quarter_of_the_transpose_of_doubling() -> None:
    torch.manual_seed(2)
    small = torch.randn(1, 2, 3, 4, dtype=torch.float64)
    large = torch.randn(1, 2, 6, 8, dtype=torch.float64)
    # <up x, y> = 4 <x, down y>
    left = (up_sample(small) * large).sum()
    torch.testing.assert_close(left, 4 * (small * down_sample(large)).sum())


@torch.no_grad()
def test_an_even_field_keeps_its_value_inside() -> None:
    x = torch.full((1, 2, 8, 8), 3.0)
    assert torch.equal(up_sample(x)[..., 1:-1, 1:-1], torch.full((1, 2, 14, 14), 3.0))
    assert torch.equal(down_sample(x)[..., 1:-1, 1:-1], torch.full((1, 2, 2, 2), 3.0))


def make_block(blocks: int = 3, channels: int = 32) -> ResidualBlock:
    torch.manual_seed(3)
    block = ResidualBlock(channels, blocks)
    block.initialise()
    return block


@torch.no_grad()
def test_a_fresh_block_changes_nothing() -> None:
    x = torch.randn(2, 32, 4, 4)
    assert torch.equal(make_block()(x), x)


@torch.no_grad()
def test_a_block_adds_its_branch() -> None:
    block = make_block(channels=4)
    block.second.weight.normal_()
    block.first.bias.normal_()  # type: ignore[union-attr]
    x = torch.randn(1, 4, 3, 3)
    hidden = np.zeros((4, 3, 3))
    padded = F.pad(x, (1, 1, 1, 1))[0].double().numpy()
    weight, bias = block.first.weight.double().numpy(), block.first.bias
    assert bias is not None
    for out in range(4):
        for i in range(3):
            for j in range(3):
                value = (weight[out] * padded[:, i : i + 3, j : j + 3]).sum() + bias[out].item()
                hidden[out, i, j] = value if value > 0 else LEAK * value
    branch = F.conv2d(torch.from_numpy(hidden)[None], block.second.weight.double(), padding=1)
    torch.testing.assert_close(block(x).double(), x.double() + branch, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("blocks", [1, 2, 6])
def test_the_first_layer_is_scaled_down_with_the_number_of_blocks(blocks: int) -> None:
    weight = make_block(blocks).first.weight
    # Zhang et al., 2019: L^(-1 / (2 m - 2)) with m = 2; He et al., 2015: 2 / ((1 + a^2) n).
    deviation = blocks**-0.5 * math.sqrt(2 / ((1 + 0.2**2) * 32 * 9))
    error = 4 * deviation / math.sqrt(2 * weight.numel())
    assert abs(weight.std().item() - deviation) < error

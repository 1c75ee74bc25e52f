"""Claims on the sub-pixel form: it computes what a transposed convolution does."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from model.sub_pixel import shuffle, sub_pixel_weight


@pytest.mark.parametrize("taps", [1, 2, 3])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (4, 4), (3, 5)])
@pytest.mark.parametrize("channels", [(1, 1), (3, 2), (2, 5)])
def test_a_sub_pixel_convolution_and_a_shuffle_are_a_transposed_convolution(
    taps: int, height: int, width: int, channels: tuple[int, int]
) -> None:
    torch.manual_seed(1)
    # Small whole numbers, whose sums are exact in any order.
    weight = torch.randint(-9, 10, (*channels, 2 * taps, 2 * taps)).double()
    x = torch.randint(-9, 10, (2, channels[0], height, width)).double()
    places = F.conv2d(x, sub_pixel_weight(weight), padding=taps - 1)
    whole = F.conv_transpose2d(x, weight, stride=2).permute(0, 2, 3, 1)
    assert torch.equal(shuffle(places, is_cropped=False), whole)
    assert torch.equal(shuffle(places, is_cropped=True), whole[:, 1:-1, 1:-1])

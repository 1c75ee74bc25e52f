"""Claims on the convolution whose rows do not depend on how many there are."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from model.convolution import RowConv2d


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("side", [4, 16])
@pytest.mark.parametrize("channels", [(2, 3), (64, 32)])
@pytest.mark.parametrize("kernel", [1, 3, 4, 5])
@torch.inference_mode()
def test_a_row_is_the_same_bits_in_every_batch(
    kernel: int, channels: tuple[int, int], side: int, dtype: torch.dtype
) -> None:
    torch.manual_seed(2)
    layer = RowConv2d(*channels, kernel, padding=kernel // 2).eval()
    layer.to(dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.randn(40, channels[0], side, side).to(dtype)
    alone = torch.cat([layer(x[row : row + 1]) for row in range(40)])
    for rows in (2, 4, 8, 15, 16, 20, 32, 40):
        for start in range(0, 40 - rows + 1, rows):
            assert torch.equal(layer(x[start : start + rows]), alone[start : start + rows])


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("rows", [1, 20])
def test_it_is_the_convolution_in_training_and_in_evaluation(rows: int, kernel: int) -> None:
    torch.manual_seed(2)
    layer, x = RowConv2d(3, 2, kernel), torch.randn(rows, 3, 6, 6)
    assert layer.bias is not None
    expected = F.conv2d(x.double(), layer.weight.double(), layer.bias.double())
    for mode in (True, False):
        assert torch.allclose(layer.train(mode)(x).double(), expected, atol=1e-5)

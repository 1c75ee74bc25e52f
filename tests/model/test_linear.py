"""Claims on the linear layer whose rows do not depend on how many there are."""

from __future__ import annotations

import pytest
import torch

from model.linear import RowLinear


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("sizes", [(5, 64), (100, 8192), (257, 48)])
@torch.inference_mode()
def test_a_row_is_the_same_bits_in_every_batch(sizes: tuple[int, int], dtype: torch.dtype) -> None:
    torch.manual_seed(2)
    layer = RowLinear(*sizes).to(dtype).eval()
    x = torch.randn(96, sizes[0]).to(dtype)
    alone = torch.cat([layer(x[row : row + 1]) for row in range(96)])
    for rows in (2, 3, 5, 8, 13, 16, 24, 31, 32, 48, 96):
        for start in range(0, 96 - rows + 1, rows):
            assert torch.equal(layer(x[start : start + rows]), alone[start : start + rows])


def test_it_is_the_linear_map_in_training_and_in_evaluation() -> None:
    torch.manual_seed(2)
    layer, x = RowLinear(7, 5), torch.randn(3, 7)
    expected = x.double() @ layer.weight.double().T + layer.bias.double()
    for mode in (True, False):
        assert torch.allclose(layer.train(mode)(x).double(), expected, atol=1e-6)

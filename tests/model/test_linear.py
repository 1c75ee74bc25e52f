"""Claims on linear layers whose rows do not depend on their number."""

from __future__ import annotations

import torch

from model.linear import RowLinear


def test_in_both_modes_it_is_the_product_with_its_weight() -> None:
    torch.manual_seed(1)
    layer = RowLinear(7, 5).double()
    x = torch.randn(3, 7, dtype=torch.float64)
    expected = torch.stack([layer.weight @ row + layer.bias for row in x])
    for mode in (True, False):
        torch.testing.assert_close(layer.train(mode)(x), expected)
    bare = RowLinear(7, 5, bias=False).double().eval()
    torch.testing.assert_close(bare(x), x @ bare.weight.T)


@torch.no_grad()
def test_in_evaluation_rows_of_small_batches_have_the_bits_of_one_row() -> None:
    torch.manual_seed(2)
    layer = RowLinear(100, 64).eval()
    x = torch.randn(8, 100)
    alone = torch.cat([layer(row[None]) for row in x])
    for rows in range(1, 9):
        assert torch.equal(layer(x[:rows]), alone[:rows])

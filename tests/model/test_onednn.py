"""Claims on layers of oneDNN: they are the layers they replace, alike in any batch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from model.onednn import use_onednn

pytestmark = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="this build of torch has no oneDNN"
)

LAYERS = [
    *[
        nn.Conv2d(8, 4, 3, padding=1),
        nn.Conv2d(8, 4, 1, bias=False),
        nn.Conv2d(8, 8, 3, 1, 1, groups=4),
    ],
    *[nn.Conv2d(8, 4, 3, 2, 2, 2), nn.ConvTranspose2d(8, 4, (4, 3)), nn.Linear(8, 5)],
    *[nn.ConvTranspose2d(8, 4, 3, 2, 1, 1), nn.Linear(8, 5, bias=False)],
]


@torch.inference_mode()
@pytest.mark.parametrize("layer", LAYERS, ids=str)
@pytest.mark.parametrize("size", [(1, 1), (4, 3), (16, 12)])
def test_a_replaced_layer_is_the_layer_and_alike_in_any_batch(
    layer: nn.Module, size: tuple[int, int]
) -> None:
    torch.manual_seed(1)
    net = nn.Sequential(layer).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.randn(20, 8) if isinstance(layer, nn.Linear) else torch.randn(20, 8, *size)
    replaced = use_onednn(net)
    assert type(replaced[0]) is not type(layer)
    assert type(net[0]) is type(layer)
    alone = torch.cat([replaced(row[None]) for row in x])
    torch.testing.assert_close(alone, net(x))
    for rows in (1, 2, 3, 7, 8, 16, 20):
        assert torch.equal(replaced(x[:rows]), alone[:rows])


@torch.inference_mode()
def test_layers_are_replaced_wherever_they_lie() -> None:
    torch.manual_seed(2)
    net = nn.Sequential(nn.Sequential(nn.Linear(4, 16), nn.ReLU()), nn.Unflatten(1, (4, 2, 2)))
    net.append(nn.ModuleDict({"a": nn.Conv2d(4, 3, 1)})["a"])
    replaced = use_onednn(net)
    kinds = {type(part) for part in replaced.modules()}
    assert not kinds & {nn.Linear, nn.Conv2d}
    x = torch.randn(3, 4)
    torch.testing.assert_close(replaced(x), net(x))


def test_what_torch_computes_alike_is_left() -> None:
    net = nn.Sequential(nn.ConvTranspose2d(8, 4, 4, 2, 1), nn.ReLU())
    assert use_onednn(net) is net

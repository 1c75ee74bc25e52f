"""Claims on csinva's fully connected MNIST generator, written anew."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from model.checkpoint import Checkpoint

Importer = Callable[..., Checkpoint]
Renderer = Callable[..., Tensor]
Enliven = Callable[[nn.Module], nn.Module]
AssertSame = Callable[..., None]

Z = torch.randn(5, 10, generator=torch.Generator().manual_seed(1))


def test_csinva_mlp_is_read(
    import_content: Importer, enliven: Enliven, render: Renderer, assert_same: AssertSame
) -> None:
    net = nn.Sequential(
        nn.Linear(10, 24), nn.LeakyReLU(0.2), nn.Linear(24, 24), nn.LeakyReLU(0.2),
        nn.Linear(24, 784), nn.Tanh(),
    )  # fmt: skip
    original = enliven(net)
    checkpoint = import_content(original.state_dict(), is_zip=False)
    assert (checkpoint.spec.img_resolution, checkpoint.spec.img_channels) == (28, 1)
    assert_same(render(checkpoint, Z).flatten(1), original, Z)

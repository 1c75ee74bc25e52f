"""Claims on lightning-bolts' DCGAN, written anew, in a Lightning checkpoint."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn

from model.checkpoint import Checkpoint

Importer = Callable[..., Checkpoint]
Renderer = Callable[..., Tensor]
Enliven = Callable[[nn.Module], nn.Module]
AssertSame = Callable[..., None]

Z = torch.randn(5, 10, generator=torch.Generator().manual_seed(1))
POINTS = Z[:, :, None, None]


def block(
    before: int, after: int, stride: int = 2, padding: int = 1, norm: nn.Module | None = None
) -> nn.Sequential:
    convolution = nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False)
    return nn.Sequential(convolution, norm or nn.BatchNorm2d(after), nn.ReLU())


class Bolts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gen = nn.Sequential(
            block(10, 16, 1, 0),
            block(16, 8),
            block(8, 4),
            block(4, 2),
            nn.Sequential(nn.ConvTranspose2d(2, 3, 4, 2, 1, bias=False), nn.Tanh()),
        )

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.gen(z)
        return images


def test_a_lightning_checkpoint_is_read_by_the_prefix_of_its_names(
    import_content: Importer,
    enliven: Enliven,
    render: Renderer,
    assert_same: AssertSame,
) -> None:
    original = enliven(Bolts())
    state = {f"generator.{name}": tensor for name, tensor in original.state_dict().items()}
    state |= {"discriminator.disc.0.0.weight": torch.ones(2, 3, 4, 4)}
    content = {
        "epoch": 3,
        "pytorch-lightning_version": "1.9.0",
        "state_dict": OrderedDict(state),
        "callbacks": {},
        "optimizer_states": [],
        "hyper_parameters": {"beta1": 0.5, "latent_dim": 10},
    }
    checkpoint = import_content(content)
    assert checkpoint.spec.architecture == "dcgan"
    assert_same(render(checkpoint, Z), original, POINTS)

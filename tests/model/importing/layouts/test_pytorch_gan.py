"""Claims on PyTorch-GAN's convolutional generator, written anew."""

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


class PyTorchGAN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.l1 = nn.Sequential(nn.Linear(10, 6 * 64))
        self.conv_blocks = nn.Sequential(
            nn.BatchNorm2d(6),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(6, 6, 3, stride=1, padding=1),
            nn.BatchNorm2d(6, 0.8),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(6, 4, 3, stride=1, padding=1),
            nn.BatchNorm2d(4, 0.8),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(4, 1, 3, stride=1, padding=1),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.conv_blocks(self.l1(z).view(-1, 6, 8, 8))
        return images


def test_pytorch_gan_is_read_with_its_eps_of_0_8(
    import_content: Importer,
    enliven: Enliven,
    render: Renderer,
    assert_same: AssertSame,
) -> None:
    original = enliven(PyTorchGAN())
    assert_same(render(import_content(original.state_dict()), Z), original, Z)
    other = import_content(original.state_dict(), "--bn-eps", "1e-5")
    with torch.no_grad():
        assert (render(other, Z) - original(Z)).abs().max() > 0.01

"""`ExampleLoop`: PyTorch's DCGAN example, pytorch/examples `dcgan/main.py`, as plain code.

Networks, losses, optimisers and the order of the moves are the example's. Images lie in memory
as floats where the example decodes files in each epoch, so that training alone is compared.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ExampleLoop:
    """Owns both networks and their optimisers; `step` is the body of the example's loop."""

    def __init__(self, width: int, z_dim: int = 100) -> None:
        torch.manual_seed(0)
        self._z_dim = z_dim
        self.generator = _generator(width, z_dim)
        self.discriminator = _discriminator(width)
        for network in (self.generator, self.discriminator):
            network.apply(_initialise)
        self._criterion = nn.BCELoss()
        self._optimizers = [
            torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999))
            for network in (self.discriminator, self.generator)
        ]

    def step(self, real_images: Tensor) -> None:
        """Update D by log(D(x)) + log(1 - D(G(z))), then G by log(D(G(z)))."""
        for_discriminator, for_generator = self._optimizers
        ones, zeros = torch.ones(len(real_images)), torch.zeros(len(real_images))
        self.discriminator.zero_grad()
        self._criterion(self._judge(real_images), ones).backward()
        fake_images = self.generator(torch.randn(len(real_images), self._z_dim, 1, 1))
        self._criterion(self._judge(fake_images.detach()), zeros).backward()
        for_discriminator.step()
        self.generator.zero_grad()
        self._criterion(self._judge(fake_images), ones).backward()
        for_generator.step()

    def _judge(self, images: Tensor) -> Tensor:
        probabilities: Tensor = self.discriminator(images).view(-1)
        return probabilities


def _generator(width: int, z_dim: int) -> nn.Sequential:
    layers: list[nn.Module] = [nn.ConvTranspose2d(z_dim, 8 * width, 4, 1, 0, bias=False)]
    for factor in (8, 4, 2):
        layers += [nn.BatchNorm2d(factor * width), nn.ReLU(True)]
        layers.append(nn.ConvTranspose2d(factor * width, factor * width // 2, 4, 2, 1, bias=False))
    layers += [nn.BatchNorm2d(width), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh())


def _discriminator(width: int) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
    for factor in (1, 2, 4):
        layers.append(nn.Conv2d(factor * width, 2 * factor * width, 4, 2, 1, bias=False))
        layers += [nn.BatchNorm2d(2 * factor * width), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 0, bias=False), nn.Sigmoid())


def _initialise(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
        nn.init.zeros_(layer.bias)

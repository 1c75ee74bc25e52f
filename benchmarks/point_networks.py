"""Networks for points in the plane: plain MLPs, and those of PacGAN's published code."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn

_LEAK = 0.2
_PACGAN_STD = 0.02
_PACGAN_PIECES = 5
_LOWEST_CYCLES = 0.25


class Mlp(nn.Module):
    """Linear layers with LeakyReLU between them, He initialisation (He et al., 2015)."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, width in itertools.pairwise(widths):
            layers += [nn.Linear(before, width), nn.LeakyReLU(_LEAK)]
        self.layers = nn.Sequential(*layers[:-1])
        linears = [layer for layer in self.layers if isinstance(layer, nn.Linear)]
        for layer in linears:
            nn.init.kaiming_normal_(layer.weight, _LEAK)
            nn.init.zeros_(layer.bias)
        nn.init.kaiming_normal_(linears[-1].weight, nonlinearity="linear")

    def forward(self, rows: Tensor) -> Tensor:
        """Map rows (n, d, ...) to (n, last width); all but the first axis is flattened."""
        mapped: Tensor = self.layers(rows.flatten(1))
        return mapped


class FourierFeatures(nn.Module):
    """Sines and cosines of random projections (Tancik et al., 2020, equation 5), fixed.

    An MLP learns what varies slowly long before what varies fast, and a mode is a fiftieth
    of the plane wide. Wave numbers are spread evenly over the octaves from a quarter of a cycle
    a unit to `highest`, directions over the sphere.
    """

    waves: Tensor

    def __init__(self, dimensions: int, count: int, highest: float) -> None:
        super().__init__()
        octaves = math.log2(highest / _LOWEST_CYCLES)
        cycles = _LOWEST_CYCLES * 2 ** (octaves * torch.rand(count))
        directions = nn.functional.normalize(torch.randn(dimensions, count), dim=0)
        waves = 2 * math.pi * cycles * directions
        self.register_buffer("waves", waves)

    def forward(self, points: Tensor) -> Tensor:
        """Map points (n, d, ...) to (n, d + 2 * count): themselves, cosines, sines."""
        points = points.flatten(1)
        phases = points @ self.waves
        return torch.cat([points, phases.cos(), phases.sin()], dim=1)


class PacganGenerator(nn.Module):
    """Four layers of 400 with batch normalisation and ReLU (Lin et al., 2018, section 4.1)."""

    def __init__(self, z_dim: int, width: int = 400) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before in (z_dim, width, width, width):
            # Their running statistics keep 0.95 of the past.
            norm = nn.BatchNorm1d(width, momentum=0.05)
            layers += [nn.Linear(before, width, bias=False), norm, nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(width, 2))
        _initialise_pacgan(self)

    def forward(self, z: Tensor) -> Tensor:
        """Map z (n, z_dim) to points (n, 2)."""
        points: Tensor = self.layers(z)
        return points


class Maxout(nn.Module):
    """The largest of several linear maps (Goodfellow et al., 2013, equation 2)."""

    def __init__(self, before: int, width: int, pieces: int) -> None:
        super().__init__()
        self.width = width
        self.linear = nn.Linear(before, width * pieces)

    def forward(self, rows: Tensor) -> Tensor:
        """Map rows (n, before) to (n, width)."""
        pieces: Tensor = self.linear(rows)
        largest: Tensor = pieces.unflatten(1, (self.width, -1)).amax(dim=2)
        return largest


class PacganDiscriminator(nn.Module):
    """Three maxout layers of 200 units with 5 pieces (Lin et al., 2018, section 4.1)."""

    def __init__(self, width: int = 200) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Maxout(2, width, _PACGAN_PIECES),
            Maxout(width, width, _PACGAN_PIECES),
            Maxout(width, width, _PACGAN_PIECES),
            nn.Linear(width, 1),
        )
        _initialise_pacgan(self)

    def forward(self, points: Tensor) -> Tensor:
        """Map points (n, 2, ...) to logits (n, 1)."""
        logits: Tensor = self.layers(points.flatten(1))
        return logits


def _initialise_pacgan(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02), set biases to zero."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            torch.nn.init.normal_(layer.weight, 0.0, _PACGAN_STD)
            if layer.bias is not None:
                torch.nn.init.zeros_(layer.bias)

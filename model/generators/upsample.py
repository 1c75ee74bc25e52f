"""A residual generator without normalisation, after R3GAN (Huang et al., 2024, section 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.attention import SelfAttention
from model.layers import layer_widths
from model.residual import LEAK, ResidualBlock, initialise_he, up_sample
from model.spec import GeneratorSpec


class _Stage(nn.Module):
    """A residual block, attention where it is asked for, and a 1 x 1 convolution to `next_width`.

    The convolution comes before the features are doubled, where it costs a quarter; both are
    linear and of separate dimensions, so their order does not matter.
    """

    def __init__(self, width: int, next_width: int, blocks: int, has_attention: bool) -> None:
        super().__init__()
        self.block = ResidualBlock(width, blocks)
        self.attention = SelfAttention(width) if has_attention else nn.Identity()
        self.narrow = nn.Conv2d(width, next_width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, width, h, w) to (n, next_width, 2 h, 2 w)."""
        return up_sample(self.narrow(self.attention(self.block(x))))


class UpSampleGenerator(nn.Module):
    """A learned basis times a linear function of `z`, then blocks and bilinear doublings.

    No batch normalisation: training and rendering compute the same function, and no image
    depends on its neighbours. Bilinear doubling leaves no chequered patterns, which strided
    transposed convolutions do (Odena et al., 2016). A class is a learned vector beside `z`, of
    the same size and scale. tanh ends it, where R3GAN leaves the range open.
    """

    can_attend = True

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__()
        widths = layer_widths(spec.base_channels, spec.doublings)[::-1]
        height, _ = spec.first_size
        self.embedding = nn.Embedding(spec.num_classes, spec.z_dim) if spec.is_conditional else None
        inputs = 2 * spec.z_dim if spec.is_conditional else spec.z_dim
        self.project = nn.Linear(inputs, widths[0], bias=False)
        self.basis = nn.Parameter(torch.randn(widths[0], *spec.first_size))
        self.stages = nn.Sequential(
            *(
                _Stage(width, next_width, len(widths), height << at == spec.attention_resolution)
                for at, (width, next_width) in enumerate(
                    zip(widths, [*widths[1:], widths[-1]], strict=True)
                )
            )
        )
        self.bias = nn.Parameter(torch.zeros(widths[-1], 1, 1))
        self.to_image = nn.Conv2d(widths[-1], spec.img_channels, 3, padding=1)
        self._initialise()

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Render `z` (n, z_dim) and `labels` (n,) or None as images (n, c, h, w) in [-1, 1]."""
        if self.embedding is not None:
            z = torch.cat([z, self.embedding(labels)], dim=1)
        features = self.project(z)[:, :, None, None] * self.basis
        features = self.stages(features.contiguous(memory_format=torch.channels_last))
        images: Tensor = self.to_image(F.leaky_relu(features + self.bias, LEAK)).tanh()
        return images

    def _initialise(self) -> None:
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                initialise_he(layer, gain=1.0)  # no rectifier follows them, but for the blocks'
        for layer in self.modules():
            if isinstance(layer, ResidualBlock):
                layer.initialise()

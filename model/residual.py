"""Residual blocks without normalisation, and the resampling between them (R3GAN's kind)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEAK = 0.2
_GAIN = math.sqrt(2 / (1 + LEAK**2))  # He et al., 2015, equation 15


class ResidualBlock(nn.Module):
    """x + conv(LeakyReLU(conv(x) + b)), with 3 x 3 convolutions.

    Fixup's initialisation takes the place of normalisation (Zhang et al., 2019, section 3.2):
    the last layer of a branch starts at zero, and the one before is scaled by
    `blocks` ** (-1 / (2 m - 2)) for a branch of m = 2 layers, so that the network's change in
    a step does not grow with the number of its blocks.
    """

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self._scale = blocks**-0.5

    def initialise(self) -> None:
        """Draw the weights anew."""
        initialise_he(self.first, _GAIN * self._scale)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (n, c, h, w) to features of the same shape."""
        result: Tensor = x + self.second(F.leaky_relu(self.first(x), LEAK))
        return result


def initialise_he(layer: nn.Conv2d | nn.Linear, gain: float = _GAIN) -> None:
    """Draw weights from N(0, gain^2 / fan_in) (He et al., 2015, equation 15); biases zero."""
    fan_in = layer.weight[0].numel()
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(fan_in))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def up_sample(x: Tensor) -> Tensor:
    """Double both sides of features (n, c, h, w) by bilinear interpolation; zero outside.

    By a convolution rather than torch's `interpolate`, whose gradient on CUDA is not the same
    twice, and which costs three times as much in a training step on a CPU.
    """
    return _resample(F.conv_transpose2d, x, 1.0)


def down_sample(x: Tensor) -> Tensor:
    """Halve both sides of features (n, c, h, w), even, with the adjoint filter; zero outside."""
    return _resample(F.conv2d, x, 0.25)


def _resample(convolve: Callable[..., Tensor], x: Tensor, gain: float) -> Tensor:
    """Convolve each channel with [1, 3, 3, 1] / 4 in both directions: [1, 2, 1] of doubled pixels.

    On a CPU in float32, whatever the type of `x`: its bfloat16 has no fast kernel for single
    channels (38 against 0.6 ms a layer). The filter is computed where it is used: a buffer
    would be a tensor of every checkpoint, and a copy from the host cannot be recorded in a
    CUDA graph.
    """
    wide = x.float() if x.device.type == "cpu" and x.dtype == torch.bfloat16 else x
    taps = 1 - (torch.arange(4, dtype=wide.dtype, device=x.device) - 1.5).abs() / 2
    kernel = (gain * taps[:, None] * taps).expand(x.shape[1], 1, 4, 4)
    with torch.autocast(x.device.type, enabled=False):
        return convolve(wide, kernel, stride=2, padding=1, groups=x.shape[1]).to(x.dtype)

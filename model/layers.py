"""What generators and discriminators share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# A 16 x 16 network has the depth of DCGAN's less two layers, a 256 x 256 one two more; beyond
# this a width is not doubled again, or the deepest layer would hold it all.
_MAX_DOUBLINGS = 3


def append_one_hot(z: Tensor, labels: Tensor | None, num_classes: int) -> Tensor:
    """Put the one-hot vector of each label beside its `z`: (n, z_dim + num_classes).

    Mirza & Osindero, 2014, figure 1. Without labels `z` is returned as it is.
    """
    if labels is None:
        return z
    return torch.cat([z, nn.functional.one_hot(labels, num_classes).to(z.dtype)], dim=1)


def layer_widths(base_channels: int, layers: int, most: int = _MAX_DOUBLINGS) -> list[int]:
    """Return the channels of each layer, widest last: doubled at most `most` times."""
    return [base_channels * 2 ** min(layer, most) for layer in range(layers)]


def initialise_normal(module: nn.Module) -> None:
    """Draw all weights as DCGAN does (Radford et al., 2016, section 4).

    Convolutions from N(0, 0.02), batch normalisation scales from N(1, 0.02), biases zero.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
        if getattr(layer, "bias", None) is not None and hasattr(layer, "weight"):
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

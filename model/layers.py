"""What generators and discriminators share."""

from __future__ import annotations

from torch import nn


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

"""The discriminator: DCGAN's strided convolutions, with or without batch normalisation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from model.layers import initialise_normal
from model.spec import GeneratorSpec

_LEAK = 0.2
_MAX_DOUBLINGS = 3


class DCGANDiscriminator(nn.Module):
    """Strided convolutions and LeakyReLU down to 4 x 4, then one logit.

    With `is_normalised` it is the paper's (Radford et al., 2016, section 3): batch
    normalisation on all but the first layer, weights from N(0, 0.02). Without, it has
    biases and He initialisation instead (He et al., 2015), which gradient penalties need:
    batch normalisation would mix the gradients of neighbours. A conditional one adds an
    inner product with the class's embedding (Miyato & Koyama, 2018, equation 3).
    """

    def __init__(self, spec: GeneratorSpec, base_channels: int, is_normalised: bool) -> None:
        super().__init__()
        halvings = spec.img_resolution.bit_length() - 3  # down to 4 x 4
        widths = [base_channels * 2 ** min(layer, _MAX_DOUBLINGS) for layer in range(halvings)]
        layers: list[nn.Module] = []
        for layer, width in enumerate(widths):
            before = widths[layer - 1] if layer else spec.img_channels
            has_norm = is_normalised and layer > 0
            layers.append(nn.Conv2d(before, width, 4, 2, 1, bias=not has_norm))
            if has_norm:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.LeakyReLU(_LEAK))
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(widths[-1] * 16, 1)
        self.embedding = (
            nn.Embedding(spec.num_classes, widths[-1] * 16) if spec.is_conditional else None
        )
        if is_normalised:
            initialise_normal(self)
        else:
            _initialise_he(self)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Judge images (n, c, h, w), with labels (n,) if conditional; returns logits (n,)."""
        features = self.features(images)
        logits: Tensor = self.head(features).squeeze(1)
        if self.embedding is not None:
            logits = logits + (self.embedding(labels) * features).sum(dim=1)
        return logits


def _initialise_he(discriminator: DCGANDiscriminator) -> None:
    for layer in discriminator.features:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, _LEAK)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    nn.init.kaiming_normal_(discriminator.head.weight, nonlinearity="linear")
    nn.init.zeros_(discriminator.head.bias)
    if discriminator.embedding is not None:
        # The class term starts at zero: what a face is comes before which face it is.
        torch.nn.init.zeros_(discriminator.embedding.weight)

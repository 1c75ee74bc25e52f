"""DCGAN's discriminator: strided convolutions, with or without normalisation."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from model.attention import SelfAttention
from model.discriminators.description import DiscriminatorSpec
from model.discriminators.trunk import Trunk, normalisation_layers
from model.layers import initialise_normal, layer_widths
from model.residual import LEAK
from model.spec import GeneratorSpec


class DCGANTrunk(Trunk):
    """Strided convolutions and LeakyReLU down to 4 x 4, or what the generator begins with.

    With batch normalisation it is the paper's (Radford et al., 2016, section 3): on all but
    the first layer, weights from N(0, 0.02). Without, convolutions have biases and He's
    initialisation instead, which gradient penalties need: batch normalisation would mix the
    gradients of neighbours.
    """

    def __init__(self, spec: GeneratorSpec, description: DiscriminatorSpec) -> None:
        super().__init__()
        self._is_papers = description.normalisation == "batch"
        widths = layer_widths(description.base_channels, spec.doublings)
        attention = spec.attention_resolution if description.has_attention else None
        layers: list[nn.Module] = []
        before = spec.img_channels * description.pack
        height, width_px = spec.img_size
        for layer, width in enumerate(widths):
            norms = normalisation_layers(description.normalisation, width) if layer else []
            layers.append(nn.Conv2d(before, width, 4, 2, 1, bias=not norms))
            layers += [*norms, nn.LeakyReLU(LEAK)]
            height, width_px, before = height // 2, width_px // 2, width
            if height == attention:
                layers.append(SelfAttention(width))
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.num_features = widths[-1] * height * width_px

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of images (m, c, h, w): (m, num_features)."""
        features: Tensor = self.layers(images)
        return features

    def initialise(self, heads: Sequence[nn.Linear], embedding: nn.Embedding | None) -> None:
        """Draw the weights as the paper does, or as the others do without its normalisation."""
        if not self._is_papers:
            super().initialise(heads, embedding)
            return
        for part in (self, *heads):
            initialise_normal(part)

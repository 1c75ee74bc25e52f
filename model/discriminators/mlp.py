"""The discriminator of the first GAN (Goodfellow et al., 2014, section 5): fully connected."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from model.discriminators.description import DiscriminatorSpec
from model.discriminators.trunk import Trunk
from model.spec import GeneratorSpec

# A `base_channels` of 30 gives the 240 units that the paper's code has for MNIST.
_UNITS_A_CHANNEL = 8
_PIECES = 5


class Maxout(nn.Module):
    """The largest of a few linear functions for each unit (Goodfellow et al., 2013)."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, units * _PIECES)

    def forward(self, x: Tensor) -> Tensor:
        """Map (m, inputs) to (m, units)."""
        largest: Tensor = self.linear(x).unflatten(1, (-1, _PIECES)).amax(2)
        return largest


class MLPTrunk(Trunk):
    """Two hidden layers of maxout units.

    Without the paper's dropout: its draws would depend on how often the discriminator was
    asked, and a run that is resumed must repeat them.
    """

    has_feature_maps: ClassVar[bool] = False

    def __init__(self, spec: GeneratorSpec, description: DiscriminatorSpec) -> None:
        super().__init__()
        height, width, channels = spec.pixels_shape
        self.num_features = _UNITS_A_CHANNEL * description.base_channels
        inputs = height * width * channels * description.pack
        layers: list[nn.Module] = [nn.Flatten()]
        for size in (inputs, self.num_features):
            layers.append(Maxout(size, self.num_features))
            layers += _normalisation_layers(description.normalisation, self.num_features)
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of images (m, c, h, w): (m, num_features)."""
        features: Tensor = self.layers(images)
        return features


def _normalisation_layers(normalisation: str, units: int) -> list[nn.Module]:
    kinds = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
    return [kinds[normalisation](units)] if normalisation in kinds else []

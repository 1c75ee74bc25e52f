"""The generator of the first GAN (Goodfellow et al., 2014, section 5): fully connected."""

from __future__ import annotations

from torch import Tensor, nn

from model.layers import append_one_hot
from model.residual import initialise_he
from model.spec import GeneratorSpec

# A `base_channels` of 30 gives the 1,200 units that the paper's code has for MNIST.
_UNITS_A_CHANNEL = 40


class MLPGenerator(nn.Module):
    """Two hidden layers of rectifiers, then a unit for each value of the image.

    tanh ends it where the paper has a sigmoid, which is the same function on [0, 1]. A class
    label enters as a one-hot vector beside `z` (Mirza & Osindero, 2014). The weights are
    drawn after He et al. (2015, equation 10), which the paper predates.
    """

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__()
        self.num_classes = spec.num_classes
        height, width, channels = spec.pixels_shape
        self._image_shape = (channels, height, width)
        units = _UNITS_A_CHANNEL * spec.base_channels
        self.layers = nn.Sequential(
            nn.Linear(spec.z_dim + spec.num_classes, units),
            nn.ReLU(),
            nn.Linear(units, units),
            nn.ReLU(),
            nn.Linear(units, height * width * channels),
            nn.Tanh(),
        )
        *hidden, last = (layer for layer in self.layers if isinstance(layer, nn.Linear))
        for layer in hidden:
            initialise_he(layer, gain=2**0.5)
        initialise_he(last, gain=1.0)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Render `z` (n, z_dim) and `labels` (n,) or None as images (n, c, h, w) in [-1, 1]."""
        z = append_one_hot(z, labels, self.num_classes)
        images: Tensor = self.layers(z).unflatten(1, self._image_shape)
        return images

"""The generator of DCGAN (Radford, Metz & Chintala, 2016, section 3 and figure 1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from model.layers import initialise_normal
from model.spec import GeneratorSpec

# A 16 x 16 generator has the depth of the paper's less two layers, a 256 x 256 one two
# more; below this width a layer is not doubled again, or the deepest would hold it all.
_MAX_DOUBLINGS = 3


class DCGANGenerator(nn.Module):
    """Transposed convolutions with batch normalisation and ReLU, tanh at the end.

    `z` is projected to 4 x 4, then each layer doubles the side up to `img_resolution`. A
    class label enters as a one-hot vector beside `z` (Mirza & Osindero, 2014).
    """

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__()
        self.num_classes = spec.num_classes
        doublings = spec.img_resolution.bit_length() - 3  # from 4 x 4 to the resolution
        widths = [
            spec.base_channels * 2 ** min(doublings - 1 - layer, _MAX_DOUBLINGS)
            for layer in range(doublings)
        ]
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(spec.z_dim + spec.num_classes, widths[0], 4, bias=False)
        ]
        for width, next_width in zip(widths, [*widths[1:], spec.img_channels], strict=True):
            layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            layers += [nn.ConvTranspose2d(width, next_width, 4, 2, 1, bias=False)]
        self.layers = nn.Sequential(*layers, nn.Tanh())
        initialise_normal(self)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Render `z` (n, z_dim) and `labels` (n,) or None as images (n, c, h, w) in [-1, 1]."""
        images: Tensor = self.layers(self.condition(z, labels)[:, :, None, None])
        return images

    def condition(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Put the one-hot vector of each label beside its `z`: (n, z_dim + num_classes)."""
        if labels is None:
            return z
        return torch.cat([z, nn.functional.one_hot(labels, self.num_classes).to(z.dtype)], dim=1)

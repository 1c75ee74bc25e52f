"""The generator of DCGAN (Radford, Metz & Chintala, 2016, section 3 and figure 1)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from model.attention import SelfAttention
from model.layers import append_one_hot, initialise_normal, layer_widths
from model.spec import GeneratorSpec


def _double(width: int, next_width: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(width, next_width, 4, 2, 1, bias=False)


class DCGANGenerator(nn.Module):
    """Transposed convolutions with batch normalisation and ReLU, tanh at the end.

    `z` is projected to 4 x 4, or what `first_size` is, then each layer doubles both sides up
    to the image's. A class label enters as a one-hot vector beside `z` (Mirza & Osindero, 2014).
    """

    can_attend = True
    doubling: Callable[[int, int], nn.ConvTranspose2d] = staticmethod(_double)

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__()
        self.num_classes = spec.num_classes
        widths = layer_widths(spec.base_channels, spec.doublings)[::-1]
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(
                spec.z_dim + spec.num_classes, widths[0], spec.first_size, bias=False
            )
        ]
        height, _ = spec.first_size
        for at, (width, next_width) in enumerate(
            zip(widths, [*widths[1:], spec.img_channels], strict=True)
        ):
            layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            if height << at == spec.attention_resolution:
                layers.append(SelfAttention(width))
            layers.append(self.doubling(width, next_width))
        self.layers = nn.Sequential(*layers, nn.Tanh())
        initialise_normal(self)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Render `z` (n, z_dim) and `labels` (n,) or None as images (n, c, h, w) in [-1, 1]."""
        images: Tensor = self.layers(self.condition(z, labels)[:, :, None, None])
        return images

    def condition(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Put the one-hot vector of each label beside its `z`: (n, z_dim + num_classes)."""
        return append_one_hot(z, labels, self.num_classes)

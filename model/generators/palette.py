"""DCGAN's layers as a painter: they say where each colour of an image's own palette goes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from model.generators.dcgan import DCGANGenerator
from model.residual import initialise_he
from model.resize_convolution import ResizeConvolution
from model.spec import GeneratorSpec

_COLOURS = 16
_HIDDEN_UNITS = 256


class PaletteGenerator(DCGANGenerator):
    """Each pixel is a mixture of sixteen colours, which are the image's own.

    `z` chooses the colours by two small layers, and by DCGAN's layers how much of each is at a
    pixel: one of sixteen maps each. Where one map is above the others by a quarter its colour
    stands alone, so an area is flat without any balance of weights, and an edge is a blend of
    two colours, as in drawings, logos and icons. Masks that the network draws itself mix the two
    layers of Vondrick et al. (2016, equation 2) in the same way. Shares that can be zero are
    what sparsemax has over softmax (Martins & Astudillo, 2016); these need no sorting.

    The last doubling is smooth, which takes the grain of a transposed convolution and costs no
    edge its sharpness: it is the shares that make it. SeFa and PCA look at the first layers of
    the maps, so they find shapes; colours move along the named directions.
    """

    # An area is one colour once its map is above the others by the inverse. Training may need
    # more blends than rendering, as only they tell a map that is too low how to change.
    sharpness = 4.0
    sharpness_in_training = 4.0
    last_doubling: Callable[[int, int], nn.ConvTranspose2d] = ResizeConvolution

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__(spec)
        to_maps = self.last_doubling(spec.base_channels, _COLOURS)
        nn.init.normal_(to_maps.weight, 0.0, 0.1 / self.sharpness_in_training)
        self.layers = nn.Sequential(*[*self.layers][:-2], to_maps)  # not a doubling and tanh
        hidden = nn.Linear(spec.z_dim + spec.num_classes, _HIDDEN_UNITS)
        to_colours = nn.Linear(_HIDDEN_UNITS, _COLOURS * spec.img_channels)
        initialise_he(hidden, gain=2**0.5)
        initialise_he(to_colours, gain=1.0)
        shape = (_COLOURS, spec.img_channels)
        self.colours = nn.Sequential(
            hidden, nn.ReLU(), to_colours, nn.Tanh(), nn.Unflatten(1, shape)
        )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Render `z` (n, z_dim) and `labels` (n,) or None as images (n, c, h, w) in [-1, 1]."""
        z = self.condition(z, labels)
        maps = self.layers(z[:, :, None, None])
        sharpness = self.sharpness_in_training if self.training else self.sharpness
        mixed = mix_colours(maps.flatten(2).transpose(1, 2), self.colours(z), sharpness)
        images: Tensor = mixed.transpose(1, 2).unflatten(2, maps.shape[2:])
        return images


def mix_colours(maps: Tensor, colours: Tensor, sharpness: float) -> Tensor:
    """Mix `colours` (n, k, c) in [-1, 1] by `maps` (n, places, k): (n, places, c).

    At each place a colour counts for 1 - sharpness * (how far its map is below the highest), or
    for nothing where that is negative; the shares add up to one.
    """
    above = sharpness * maps.to(torch.promote_types(maps.dtype, torch.float32))
    above = (above - above.amax(dim=2, keepdim=True) + 1.0).clamp_min(0.0)
    shares = (above / above.sum(dim=2, keepdim=True)).to(colours.dtype)
    return (shares @ colours).clamp(-1.0, 1.0)  # shares add up to one but for rounding

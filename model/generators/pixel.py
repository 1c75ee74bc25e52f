"""The painter of `palette` for pixel art, where every pixel is a decision of its own."""

from __future__ import annotations

from model.generators.dcgan import DCGANGenerator
from model.generators.palette import PaletteGenerator


class PixelGenerator(PaletteGenerator):
    """`palette`, whose maps are doubled by a transposed convolution to the end.

    Neighbours in pixel art have nothing to do with each other, and the smooth doubling of
    `palette` would blend them. Here each of the four pixels that come of one has weights of its
    own; the grain of a transposed convolution is lost in the shares, which round it away.
    """

    to_maps = staticmethod(DCGANGenerator.doubling)

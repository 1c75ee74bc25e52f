"""The painter of `palette` for pixel art, where every pixel takes one colour."""

from __future__ import annotations

from model.generators.dcgan import DCGANGenerator
from model.generators.palette import PaletteGenerator


class PixelGenerator(PaletteGenerator):
    """`palette`, whose pixels are drawn by weights of their own and choose sharply.

    An edge in pixel art is where one colour stops and another begins. So maps are doubled by a
    transposed convolution to the end, which has weights of its own for each of the four pixels
    that come of one, where the smooth doubling of `palette` would blend them; its grain is lost
    in the shares, which are far sharper. Blends are for training, which learns by them how to
    choose; what is rendered has few: docs/scores.md has the shares.
    """

    sharpness = 240.0
    sharpness_in_training = 24.0
    last_doubling = staticmethod(DCGANGenerator.doubling)

"""DCGAN's generator with resize-convolutions (Odena et al., 2016) for its transposed ones."""

from __future__ import annotations

from model.generators.dcgan import DCGANGenerator
from model.resize_convolution import ResizeConvolution


class ResizeGenerator(DCGANGenerator):
    """DCGAN's, whose doublings are smooth.

    A transposed convolution draws a flat area only if the four phases of its kernel balance
    exactly, which it learns slowly; until then the area has a grain.
    """

    doubling = ResizeConvolution

"""Claims on the generator for pixel art."""

from __future__ import annotations

import torch
from torch import nn

from model.generators.pixel import PixelGenerator
from model.spec import GeneratorSpec


@torch.no_grad()
def test_what_is_rendered_is_blended_less_than_what_is_trained() -> None:
    torch.manual_seed(8)
    generator = PixelGenerator(GeneratorSpec("pixel", 16, 3, z_dim=5, base_channels=8))
    for layer in generator.layers:
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 1.0  # the statistics are those of the last batch
    assert isinstance(generator.layers[-1], nn.ConvTranspose2d)
    generator.layers[-1].weight.mul_(4.0)
    z = torch.randn(64, 5)

    def unblended() -> float:
        """Return the share of pixels that have one of their image's sixteen colours."""
        pixels = generator(z).flatten(2).transpose(1, 2)
        differences = (pixels[:, :, None] - generator.colours(z)[:, None]).abs().amax(3)
        return float((differences.amin(2) < 1e-5).float().mean())

    in_training = unblended()
    generator.eval()
    rendered = unblended()
    assert in_training < 0.4
    assert rendered > 0.6


@torch.no_grad()
def test_neighbouring_pixels_may_have_two_colours_with_nothing_between_them() -> None:
    torch.manual_seed(7)
    generator = PixelGenerator(GeneratorSpec("pixel", 16, 3, z_dim=5, base_channels=2)).eval()
    *_, norm, _, to_maps = generator.layers
    assert isinstance(norm, nn.BatchNorm2d)
    assert isinstance(to_maps, nn.ConvTranspose2d)
    norm.weight.zero_()
    norm.bias.fill_(1.0)  # every feature is 1 everywhere
    to_maps.weight.zero_()
    to_maps.weight[:, 3] = 1.0
    # Odd rows and columns of the kernel add to even ones of the image.
    to_maps.weight[:, 3, 1::2, 1::2] = 0.0
    to_maps.weight[:, 8, 1::2, 1::2] = 1.0
    z = torch.randn(4, 5)
    images, colours = generator(z), generator.colours(z)
    grounds = colours[:, 3, :, None, None].expand(4, 3, 16, 16).clone()
    grounds[:, :, ::2, ::2] = colours[:, 8, :, None, None]
    assert torch.equal(images, grounds)

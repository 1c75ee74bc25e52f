"""Claims on the mixture of colours, against one pixel at a time in NumPy."""

from __future__ import annotations

import numpy as np
import torch

from model.generators.palette import mix_colours


def test_a_pixel_is_the_mean_of_its_images_colours_by_the_softmax_of_its_maps() -> None:
    torch.manual_seed(3)
    maps, colours = torch.randn(3, 7, 5).double(), torch.rand(3, 5, 4).double() * 2 - 1
    mixed = mix_colours(maps, colours)
    for image in range(3):
        for place in range(7):
            powers = np.exp(4 * maps[image, place].numpy())
            expected = (powers[:, None] * colours[image].numpy()).sum(0) / powers.sum()
            np.testing.assert_allclose(mixed[image, place], expected, atol=1e-12)


def test_an_area_where_one_map_stands_out_has_its_colour_to_the_bit() -> None:
    torch.manual_seed(4)
    maps, colours = torch.rand(2, 6, 16), torch.rand(2, 16, 3) * 2 - 1
    maps[:, :, 9] += 40
    assert torch.equal(mix_colours(maps, colours), colours[:, 9:10].expand(2, 6, 3))


def test_a_mixture_of_extreme_colours_stays_in_range() -> None:
    torch.manual_seed(5)
    mixed = mix_colours(torch.randn(64, 256, 16), torch.ones(64, 16, 1))
    assert mixed.max() == 1

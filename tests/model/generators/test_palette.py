"""Claims on the mixture of colours, against one pixel at a time in NumPy."""

from __future__ import annotations

import numpy as np
import torch

from model.generators.palette import mix_colours


def test_a_colour_counts_by_how_near_its_map_is_to_the_highest() -> None:
    torch.manual_seed(3)
    maps, colours = 0.2 * torch.randn(3, 7, 5).double(), torch.rand(3, 5, 4).double() * 2 - 1
    mixed = mix_colours(maps, colours, 4.0)
    for image in range(3):
        for place in range(7):
            row = maps[image, place].numpy()
            counts = np.array([max(0.0, 1 - 4 * (max(row) - each)) for each in row])
            expected = (counts[:, None] * colours[image].numpy()).sum(0) / counts.sum()
            np.testing.assert_allclose(mixed[image, place], expected, atol=1e-12)


def test_an_area_where_one_map_stands_out_by_a_quarter_has_its_colour_to_the_bit() -> None:
    torch.manual_seed(4)
    maps, colours = torch.rand(2, 6, 16), torch.rand(2, 16, 3) * 2 - 1
    maps[:, :, 9] += 1.26  # the others are below 1
    assert torch.equal(mix_colours(maps, colours, 4.0), colours[:, 9:10].expand(2, 6, 3))


def test_every_map_near_the_highest_is_told_how_to_change() -> None:
    torch.manual_seed(6)
    maps = (0.1 * torch.rand(1, 8, 16)).requires_grad_()
    mix_colours(maps, torch.rand(1, 16, 3), 4.0).square().sum().backward()
    assert maps.grad is not None
    assert (maps.grad != 0).all()


def test_a_mixture_of_extreme_colours_stays_in_range() -> None:
    torch.manual_seed(5)
    mixed = mix_colours(torch.randn(64, 256, 16), torch.ones(64, 16, 1), 4.0)
    assert mixed.max() == 1

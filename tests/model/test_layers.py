"""Claims on what DCGAN's initialisation draws."""

from __future__ import annotations

import torch
from torch import nn

from model.layers import initialise_normal, layer_widths


def initialised() -> nn.Sequential:
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(32, 64, 4),
        nn.ConvTranspose2d(32, 64, 4),
        nn.Linear(256, 128),
        nn.BatchNorm2d(4096),
    )
    initialise_normal(net)
    return net


def test_weights_are_normal_with_deviation_002_and_norm_scales_around_one() -> None:
    for layer in initialised():
        weight = layer.weight
        assert isinstance(weight, torch.Tensor)
        mean = 1.0 if isinstance(layer, nn.BatchNorm2d) else 0.0
        count = weight.numel()
        # Four standard errors of a sample's mean and of its deviation.
        assert abs(weight.mean().item() - mean) < 4 * 0.02 / count**0.5
        assert abs(weight.std().item() - 0.02) < 4 * 0.02 / (2 * count) ** 0.5
        # A normal has a kurtosis of 3, a uniform 1.8.
        kurtosis = ((weight - weight.mean()) ** 4).mean() / weight.var() ** 2
        assert abs(kurtosis.item() - 3) < 0.5


def test_biases_are_zero() -> None:
    for layer in initialised():
        bias = layer.bias
        assert isinstance(bias, torch.Tensor)
        assert not bias.any()


def test_a_layer_without_bias_is_no_problem() -> None:
    layer = nn.Conv2d(1, 1, 1, bias=False)
    initialise_normal(layer)
    assert layer.bias is None


def test_a_width_doubles_with_each_layer_up_to_the_most() -> None:
    assert layer_widths(3, 6) == [3, 6, 12, 24, 24, 24]
    assert layer_widths(1, 6, most=4) == [1, 2, 4, 8, 16, 16]

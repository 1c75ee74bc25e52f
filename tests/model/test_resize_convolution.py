"""Claims on resize-convolutions: what they compute, and that they draw no chequered pattern."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.folding import fold_batch_norm
from model.resize_convolution import ResizeConvolution, repeat_edges, smooth_weight


def layer(into: int = 3, out: int = 5) -> ResizeConvolution:
    torch.manual_seed(4)
    return ResizeConvolution(into, out).double().requires_grad_(False)


def features(into: int = 3) -> Tensor:
    return torch.randn(2, into, 4, 6, generator=torch.Generator().manual_seed(5)).double()


def test_it_is_a_bilinear_doubling_and_a_convolution() -> None:
    convolution, x = layer(), features()
    padded = torch.from_numpy(np.pad(x.numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)), mode="edge"))
    height, width = (2 * side - 1 for side in padded.shape[2:])
    doubled = F.interpolate(padded, (height, width), mode="bilinear", align_corners=True)
    # A transposed convolution scatters, so its kernel lies the other way round; each pixel
    # meets a quarter of the taps of a kernel at one of four places.
    kernel = convolution.weight.flip(2, 3).transpose(0, 1) / 4
    expected = F.conv2d(doubled, kernel)
    found = convolution(x)
    assert found.shape == (2, 5, 8, 12)
    margin = (expected.shape[2] - 8) // 2
    assert torch.allclose(found, expected[:, :, margin : margin + 8, margin : margin + 12])


def test_equal_features_give_equal_features_up_to_the_border() -> None:
    found = layer()(torch.tensor([1.0, -2.0, 0.5]).double()[None, :, None, None].expand(1, 3, 4, 4))
    assert torch.allclose(found, found[:, :, :1, :1].expand_as(found), rtol=0, atol=1e-14)
    plain = nn.ConvTranspose2d(3, 5, 4, 2, 1, bias=False).double()
    assert plain(torch.ones(1, 3, 4, 4).double())[..., 2:-2, 2:-2].std((2, 3)).min() > 1e-3


@pytest.mark.parametrize("dim", [2, 3])
def test_no_weights_and_no_features_make_a_pattern_of_two_pixels(dim: int) -> None:
    x = F.pad(features(), (2, 2, 2, 2))  # the pattern is measured in all of the answer
    found = layer()(x)
    signs = torch.ones(found.shape[dim]).double()
    signs[1::2] = -1
    signs = signs[:, None] if dim == 2 else signs
    assert (found * signs).sum(dim).abs().max() < 1e-12
    assert found.abs().max() > 0.1


def test_both_steps_are_one_transposed_convolution_of_kernel_6() -> None:
    convolution, x = layer(), features()
    whole = F.conv_transpose2d(repeat_edges(x), smooth_weight(convolution.weight), stride=2)
    assert torch.allclose(whole[:, :, 4:-4, 4:-4], convolution(x))


def test_batch_normalisation_folds_into_it() -> None:
    norm = nn.BatchNorm2d(5).double()
    norm.running_mean.copy_(torch.arange(5.0))  # type: ignore[union-attr]
    norm.running_var.copy_(torch.arange(1.0, 6.0))  # type: ignore[union-attr]
    nn.init.normal_(norm.bias)
    stack = nn.Sequential(layer(), norm).eval().requires_grad_(False)
    folded = fold_batch_norm(stack)
    assert [type(part) for part in folded] == [ResizeConvolution]
    assert torch.allclose(folded(features().float()).double(), stack(features()), atol=1e-5)


def test_bfloat16_is_filtered_in_float32_and_flat_areas_stay_flat() -> None:
    convolution = layer().bfloat16()
    found = convolution(torch.full((1, 3, 4, 4), 0.3, dtype=torch.bfloat16))
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, found[:, :, :1, :1].expand_as(found))

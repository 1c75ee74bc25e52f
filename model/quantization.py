"""`QuantizedGenerator`: a stack of transposed convolutions in 8-bit integers, on a CPU.

Post-training static quantisation (Jacob et al., 2018, section 2): activations are unsigned
with one scale a tensor, weights signed with one a channel. Sums of integers do not depend on
their order, so a row's pixels cannot depend on the batch or the thread that it came in.

Layers that double the side are run in their sub-pixel form, for which oneDNN has 8-bit kernels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.generators.dcgan import DCGANGenerator
from model.generators.palette import PaletteGenerator, mix_colours
from model.generators.stack import StackGenerator
from model.onednn import use_onednn
from model.pixels import to_pixels
from model.resize_convolution import ResizeConvolution, repeat_edges, smooth_weight
from model.sub_pixel import shuffle, sub_pixel_weight

_WEIGHT_LEVELS = 127
_PROJECTION_LEVELS = 511  # held in float32, not in 8 bits
_ACTIVATION_LEVELS = 255
# |z| beyond this is taken for this: a normal number is never so large.
_MAX_Z = 10.0
# Up to here float32 holds every integer, so sums below it are exact in any order.
_EXACT_INTEGERS = 2**24


class NotQuantizableError(ValueError):
    """The generator is no stack of transposed convolutions and rectifiers."""


@dataclass(frozen=True)
class _Projection:
    """z to the first activations: integers held in float32."""

    weight: Tensor  # (h w c, z_dim), integers
    scale: Tensor  # (h w c,)
    bias: Tensor  # (h w c,)
    z_scale: float
    size: tuple[int, int]  # height and width of the first activations


@dataclass(frozen=True)
class _UpSampling:
    """One doubling of the side, packed for oneDNN."""

    weight: Tensor
    weight_scale: Tensor  # (4 c,)
    zero_point: Tensor  # (4 c,), all zero
    bias: Tensor  # (4 c,)
    in_scale: float
    out_scale: float | None  # None: the last, which gives float32
    is_smooth: bool  # a resize-convolution


class QuantizedGenerator:
    """A DCGAN generator in 8-bit integers. Any number of threads may render at once."""

    def __init__(self, generator: nn.Module, z: Tensor, labels: Tensor | None) -> None:
        """Quantise a float32 `generator` without batch normalisation; scales fit `z`, `labels`.

        NotQuantizableError if it is no such stack.
        """
        if not isinstance(generator, DCGANGenerator | StackGenerator):
            raise NotQuantizableError("only generators of DCGAN's layers have an int8 form")
        self._condition = generator.condition
        self._colours: nn.Module | None = None
        self._sharpness = 0.0
        ending: list[type[nn.Module]] = [nn.Tanh]
        if isinstance(generator, PaletteGenerator):
            self._colours = use_onednn(generator.colours)
            self._sharpness = generator.sharpness
            ending = []
        convolutions = _require_stack(generator.layers, ending)
        scales = _activation_scales(generator.layers, generator.condition(z, labels))
        self._projection = _project(convolutions[0])
        self._first_scale = scales[0]
        self._up_samplings = [
            _pack(convolution, in_scale, out_scale)
            for convolution, in_scale, out_scale in zip(
                convolutions[1:], scales, [*scales[1:], None], strict=True
            )
        ]

    def images(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return float (n, c, h, w) in [-1, 1]: what `pixels` rounds."""
        return self._shuffle_last(self._forward(self._condition(z, labels))).permute(0, 3, 1, 2)

    def pixels(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return uint8 (n, h, w, c), rounded before they are shuffled, as that moves less."""
        sub_pixels = to_pixels(self._forward(self._condition(z, labels)))
        return self._shuffle_last(sub_pixels.permute(0, 3, 1, 2))

    def _shuffle_last(self, x: Tensor) -> Tensor:
        return shuffle(x, is_cropped=not self._up_samplings[-1].is_smooth)

    def _forward(self, z: Tensor) -> Tensor:
        """Return the images of conditioned z, still unshuffled."""
        first = self._projection
        integers = (z.clamp(-_MAX_Z, _MAX_Z) * first.z_scale).round_()
        x = F.linear(integers, first.weight).mul_(first.scale).add_(first.bias)
        x = x.mul_(1 / self._first_scale).round_().clamp_(0, _ACTIVATION_LEVELS)
        x = x.to(torch.uint8).view(len(z), *first.size, -1).permute(0, 3, 1, 2)
        for layer in self._up_samplings[:-1]:
            x = shuffle(_up_sample(x, layer), is_cropped=not layer.is_smooth).permute(0, 3, 1, 2)
        last = _up_sample(x, self._up_samplings[-1])
        # Not by sigmoid, which is six times as fast in torch: it rounds the last elements of a
        # tensor, those that fill no vector, otherwise than the rest, so by place in the batch.
        if self._colours is None:
            return last.tanh_()
        return _mix(last, self._colours(z), self._sharpness)


def _mix(maps: Tensor, colours: Tensor, sharpness: float) -> Tensor:
    """Mix colours (n, k, c) by unshuffled maps (n, 4 k, h, w): unshuffled images (n, 4 c, h, w)."""
    count, _, height, width = maps.shape
    places = maps.permute(0, 2, 3, 1).reshape(count, 4 * height * width, -1)
    mixed = mix_colours(places, colours, sharpness)
    return mixed.view(count, height, width, -1).permute(0, 3, 1, 2)


def _require_stack(
    layers: nn.Sequential, ending: list[type[nn.Module]]
) -> list[nn.ConvTranspose2d]:
    """Return the convolutions of T, ReLU, D, ReLU, ..., D, `ending`: projection, doublings."""
    convolutions = [layer for layer in layers if isinstance(layer, nn.ConvTranspose2d)]
    activations = [type(layer) for layer in layers if not isinstance(layer, nn.ConvTranspose2d)]
    alternates = all(
        isinstance(layer, nn.ConvTranspose2d) == (at % 2 == 0) for at, layer in enumerate(layers)
    )
    is_stack = (
        len(convolutions) > 1
        and alternates
        and activations == [nn.ReLU] * (len(convolutions) - 1) + ending
    )
    has_paddings = any(any(layer.output_padding) for layer in convolutions)
    # Nothing of the projection may be cut off either.
    is_whole = bool(convolutions) and convolutions[0].padding == (0, 0)
    doubles = all(map(_doubles, convolutions[1:]))
    if not (is_stack and doubles and not has_paddings and is_whole):
        raise NotQuantizableError("only a stack of doubling transposed convolutions has one")
    return convolutions


def _doubles(layer: nn.ConvTranspose2d) -> bool:
    sides = (layer.kernel_size, layer.stride, layer.padding)
    return isinstance(layer, ResizeConvolution) or sides == ((4, 4), (2, 2), (1, 1))


def _activation_scales(layers: nn.Sequential, z: Tensor) -> list[float]:
    """Return one scale for each rectified activation, so that its largest value is 255 steps."""
    scales = []
    x = z[:, :, None, None]
    for layer in layers:
        x = layer(x)
        if isinstance(layer, nn.ReLU):
            # Three digits: how another CPU rounds the float32 pass must not show.
            scales.append(float(f"{max(x.max().item(), 1e-6) / _ACTIVATION_LEVELS:.3g}"))
    return scales


def _project(convolution: nn.ConvTranspose2d) -> _Projection:
    """Turn the first layer, whose input is 1 x 1, into a matrix of integers."""
    weight = convolution.weight  # (z_dim, c, h, w)
    matrix = weight.permute(2, 3, 1, 0).reshape(-1, weight.shape[0])
    integers, scale = _quantize_rows(matrix, _PROJECTION_LEVELS)
    # So coarse that no sum leaves the exact integers: steps of about 0.01 for a z_dim of 100.
    z_scale = _EXACT_INTEGERS // integers.abs().sum(1).max().item() / _MAX_Z
    height, width = weight.shape[2:]
    bias = _bias_of(convolution).repeat(height * width)
    return _Projection(integers, scale / z_scale, bias, z_scale, (height, width))


def _pack(layer: nn.ConvTranspose2d, in_scale: float, out_scale: float | None) -> _UpSampling:
    is_smooth = isinstance(layer, ResizeConvolution)
    if is_smooth:
        integers, scale = _quantize_places(sub_pixel_weight(smooth_weight(layer.weight)))
    else:
        sub_pixel = sub_pixel_weight(layer.weight)
        rows, scale = _quantize_rows(sub_pixel.flatten(1), _WEIGHT_LEVELS)
        integers = rows.view_as(sub_pixel)
    return _UpSampling(
        weight=torch.ops.onednn.qconv_prepack(
            integers.to(torch.int8),
            scale,
            in_scale,
            0,
            *_sides(is_smooth),
            None,
        ),
        weight_scale=scale,
        zero_point=torch.zeros(len(scale), dtype=torch.long),
        bias=_bias_of(layer).repeat(4),
        in_scale=in_scale,
        out_scale=out_scale,
        is_smooth=is_smooth,
    )


def _sides(is_smooth: bool) -> tuple[list[int], list[int], list[int], int]:
    """Return stride, padding, dilation and groups of the sub-pixel form."""
    padding = 0 if is_smooth else 1
    return [1, 1], [padding, padding], [1, 1], 1


def _quantize_rows(matrix: Tensor, levels: int) -> tuple[Tensor, Tensor]:
    """Return integers from -levels to levels, in float32, and the scale of each row."""
    scale = matrix.abs().amax(1).clamp_min(1e-12) / levels
    return (matrix / scale[:, None]).round(), scale


def _quantize_places(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Quantise (4 out, in, k, k), whose four places get equal sums of equal features.

    Rounded each for itself they would not be equal any more, and flat areas would have a grain.
    So one scale serves all four, and of the taps of a place and an input channel as many are
    rounded up as make the sum the same: those with the largest remainders.
    """
    places = weight.unflatten(0, (4, -1)).flatten(3)  # 4, out, in, taps
    scale = places.abs().amax((0, 2, 3)).clamp_min(1e-12) / _WEIGHT_LEVELS
    exact = places / scale[:, None, None]
    down = exact.floor()
    missing = exact.sum(3).mean(0).round() - down.sum(3)  # 4, out, in: 0 to taps
    ranks = (exact - down).argsort(dim=3, descending=True, stable=True).argsort(dim=3)
    integers = down + (ranks < missing[..., None])
    return integers.view_as(weight), scale.repeat(4)


def _bias_of(layer: nn.ConvTranspose2d) -> Tensor:
    return torch.zeros(layer.out_channels) if layer.bias is None else layer.bias


def _up_sample(x: Tensor, layer: _UpSampling) -> Tensor:
    """Convolve uint8 (n, in, h, w) to four times the channels out, rectified unless the last."""
    if layer.is_smooth:
        x = repeat_edges(x)
    is_last = layer.out_scale is None
    result: Tensor = torch.ops.onednn.qconv_pointwise(
        x,
        layer.in_scale,
        0,
        layer.weight,
        layer.weight_scale,
        layer.zero_point,
        layer.bias,
        *_sides(layer.is_smooth),
        layer.out_scale or 1.0,
        0,
        torch.float32 if is_last else torch.uint8,
        "none" if is_last else "relu",
        [],
        "",
    )
    return result

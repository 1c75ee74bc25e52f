"""`QuantizedGenerator`: a stack of transposed convolutions in 8-bit integers, on a CPU.

Post-training static quantisation (Jacob et al., 2018, section 2): activations are unsigned
with one scale a tensor, weights signed with one a channel. Sums of integers do not depend on
their order, so a row's pixels cannot depend on the batch or the thread that it came in.

A transposed convolution of kernel 4, stride 2 and padding 1 is run as a 2 x 2 convolution to
four times the channels, one set for each of the four places that a pixel becomes, which are
then shuffled into place (Shi et al., 2016, "Is the deconvolution layer the same as a
convolutional layer?"). That is the form for which oneDNN has 8-bit kernels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.generators.dcgan import DCGANGenerator
from model.generators.stack import StackGenerator
from model.pixels import to_pixels

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


class QuantizedGenerator:
    """A DCGAN generator in 8-bit integers. Any number of threads may render at once."""

    def __init__(self, generator: nn.Module, z: Tensor, labels: Tensor | None) -> None:
        """Quantise a float32 `generator` without batch normalisation; scales fit `z`, `labels`.

        NotQuantizableError if it is no such stack.
        """
        if not isinstance(generator, DCGANGenerator | StackGenerator):
            raise NotQuantizableError("only DCGAN's generator has an int8 form")
        self._condition = generator.condition
        convolutions = _require_stack(generator.layers)
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
        return _shuffle(self._forward(self._condition(z, labels))).permute(0, 3, 1, 2)

    def pixels(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return uint8 (n, h, w, c), rounded before they are shuffled, as that moves less."""
        sub_pixels = to_pixels(self._forward(self._condition(z, labels)))
        return _shuffle(sub_pixels.permute(0, 3, 1, 2))

    def _forward(self, z: Tensor) -> Tensor:
        """Return tanh of the last layer, still unshuffled: (n, 4 c, h / 2 + 1, w / 2 + 1)."""
        first = self._projection
        integers = (z.clamp(-_MAX_Z, _MAX_Z) * first.z_scale).round_()
        x = F.linear(integers, first.weight).mul_(first.scale).add_(first.bias)
        x = x.mul_(1 / self._first_scale).round_().clamp_(0, _ACTIVATION_LEVELS)
        x = x.to(torch.uint8).view(len(z), *first.size, -1).permute(0, 3, 1, 2)
        for layer in self._up_samplings[:-1]:
            x = _shuffle(_up_sample(x, layer)).permute(0, 3, 1, 2)
        # Not by sigmoid, which is six times as fast in torch: it rounds the last elements of a
        # tensor, those that fill no vector, otherwise than the rest, so by place in the batch.
        return _up_sample(x, self._up_samplings[-1]).tanh_()


def _require_stack(layers: nn.Sequential) -> list[nn.ConvTranspose2d]:
    """Return the transposed convolutions of T, ReLU, T, ReLU, ..., T, Tanh."""
    convolutions = [layer for layer in layers if isinstance(layer, nn.ConvTranspose2d)]
    kinds = [type(layer) for layer in layers]
    expected = [nn.ConvTranspose2d, nn.ReLU] * len(convolutions)
    is_stack = len(convolutions) > 1 and kinds == [*expected[:-1], nn.Tanh]
    doubles = all(
        (layer.kernel_size, layer.stride, layer.padding) == ((4, 4), (2, 2), (1, 1))
        for layer in convolutions[1:]
    )
    has_paddings = any(any(layer.output_padding) for layer in convolutions)
    # Nothing of the projection may be cut off either.
    is_whole = bool(convolutions) and convolutions[0].padding == (0, 0)
    if not (is_stack and doubles and not has_paddings and is_whole):
        raise NotQuantizableError("only a stack of doubling transposed convolutions has one")
    return convolutions


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
    sub_pixel = _sub_pixel_weight(layer.weight)
    integers, scale = _quantize_rows(sub_pixel.flatten(1), _WEIGHT_LEVELS)
    weight = torch.ops.onednn.qconv_prepack(
        integers.view_as(sub_pixel).to(torch.int8),
        scale,
        in_scale,
        0,
        [1, 1],
        [1, 1],
        [1, 1],
        1,
        None,
    )
    return _UpSampling(
        weight=weight,
        weight_scale=scale,
        zero_point=torch.zeros(len(scale), dtype=torch.long),
        bias=_bias_of(layer).repeat(4),
        in_scale=in_scale,
        out_scale=out_scale,
    )


def _sub_pixel_weight(weight: Tensor) -> Tensor:
    """Turn (in, out, 4, 4) of a transposed convolution into (4 out, in, 2, 2) of a convolution.

    Row r + 2 t of the kernel is what an input pixel adds to places r of the output pixels
    t further down, so tap 1 - t of the convolution; columns alike.
    """
    into, out = weight.shape[:2]
    split = weight.view(into, out, 2, 2, 2, 2)  # in, out, t, r, u, q
    return split.flip(2, 4).permute(3, 5, 1, 0, 2, 4).reshape(4 * out, into, 2, 2)


def _quantize_rows(matrix: Tensor, levels: int) -> tuple[Tensor, Tensor]:
    """Return integers from -levels to levels, in float32, and the scale of each row."""
    scale = matrix.abs().amax(1).clamp_min(1e-12) / levels
    return (matrix / scale[:, None]).round(), scale


def _bias_of(layer: nn.ConvTranspose2d) -> Tensor:
    return torch.zeros(layer.out_channels) if layer.bias is None else layer.bias


def _up_sample(x: Tensor, layer: _UpSampling) -> Tensor:
    """Convolve uint8 (n, in, h, w) to (n, 4 out, h + 1, w + 1), rectified unless the last."""
    is_last = layer.out_scale is None
    result: Tensor = torch.ops.onednn.qconv_pointwise(
        x,
        layer.in_scale,
        0,
        layer.weight,
        layer.weight_scale,
        layer.zero_point,
        layer.bias,
        [1, 1],
        [1, 1],
        [1, 1],
        1,
        layer.out_scale or 1.0,
        0,
        torch.float32 if is_last else torch.uint8,
        "none" if is_last else "relu",
        [],
        "",
    )
    return result


def _shuffle(x: Tensor) -> Tensor:
    """Turn (n, 4 c, h + 1, w + 1) into (n, 2 h, 2 w, c): each set of channels to its place.

    Place r = 0 of pixel i is row 2 i - 1 of the output and r = 1 row 2 i; the rows before the
    first and after the last, the padding of the transposed convolution, are left out.
    """
    count, channels, height, width = x.shape
    places = x.permute(0, 2, 3, 1).unflatten(3, (2, 2, channels // 4))
    rows, columns = height - 1, width - 1
    result = x.new_empty(count, rows, 2, columns, 2, channels // 4)
    for r in (0, 1):
        for q in (0, 1):
            down, right = 1 - r, 1 - q
            part = places[:, down : down + rows, right : right + columns, r, q]
            result[:, :, down, :, right] = part
    return result.view(count, 2 * rows, 2 * columns, channels // 4)

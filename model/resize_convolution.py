"""`ResizeConvolution`: doubles the side smoothly, for the price of a transposed convolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ResizeConvolution(nn.ConvTranspose2d):
    """Bilinear doubling followed by a 4 x 4 convolution, (n, c, h, w) to (n, c', 2 h, 2 w).

    Odena et al. (2016, "Deconvolution and checkerboard artifacts") resize before they convolve,
    so that no weights can make chequered patterns. Both steps are linear and move with the image,
    so they may change places: here a transposed convolution, which costs a quarter, comes first
    and the filter [1, 2, 1] / 4 of bilinear doubling, in both directions, after it. Edges are
    repeated, so equal features give equal features up to the border.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        # Padding cuts off what only repeated edges reach, less the pixel that the filter takes.
        super().__init__(in_channels, out_channels, 4, stride=2, padding=2, bias=False)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Map features (n, c, h, w) to (n, c', 2 h, 2 w)."""
        return _smooth(super().forward(repeat_edges(x), output_size))


def repeat_edges(x: Tensor) -> Tensor:
    """Add a copy of each outermost row and column: (n, c, h + 2, w + 2).

    Not by torch's padding, whose gradient on CUDA is not the same twice.
    """
    x = torch.cat([x[:, :, :1], x, x[:, :, -1:]], dim=2)
    return torch.cat([x[..., :1], x, x[..., -1:]], dim=3)


def smooth_weight(weight: Tensor) -> Tensor:
    """Return the kernels (in, out, 6, 6) of the transposed convolution that is both steps in one.

    Of stride 2; with edges repeated, all but the `2 h` x `2 w` pixels in the middle is cut off.
    """
    kernel = _smoothing_kernel(weight)[None, None]
    smooth = F.conv2d(weight.flatten(0, 1)[:, None], kernel, padding=2)
    return smooth.view(*weight.shape[:2], 6, 6)


def _smoothing_kernel(like: Tensor) -> Tensor:
    """Return [1, 2, 1] / 4 in both directions, (3, 3), of the type and on the device of `like`."""
    taps = 0.5 - 0.25 * (torch.arange(3, dtype=like.dtype, device=like.device) - 1).abs()
    return taps[:, None] * taps


def _smooth(x: Tensor) -> Tensor:
    """Filter each channel of (n, c, h, w): (n, c, h - 2, w - 2).

    On a CPU in float32: its bfloat16 has no fast kernel for single channels.
    """
    wide = x.float() if x.device.type == "cpu" and x.dtype == torch.bfloat16 else x
    kernel = _smoothing_kernel(wide).expand(x.shape[1], 1, 3, 3)
    with torch.autocast(x.device.type, enabled=False):
        return F.conv2d(wide, kernel, groups=x.shape[1]).to(x.dtype)

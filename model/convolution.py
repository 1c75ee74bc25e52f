"""`RowConv2d`: a convolution whose rows do not depend on how many there are."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# torch on one CPU thread takes another algorithm, with other sums, for a kernel of at most 3
# and a single row of at most so many numbers ...
_SMALL_INPUT = 20_480
# ... and for a kernel of 1 from so many rows on.
_MANY_ROWS = 16


class RowConv2d(nn.Conv2d):
    """A convolution that, in evaluation on a CPU, keeps to one algorithm for any batch.

    Without it an engine, which takes no batch size that rounds otherwise than a single row,
    would be left with single rows.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Map (n, in_channels, h, w) to (n, out_channels, h', w')."""
        if self.training or input.device.type != "cpu" or torch.compiler.is_exporting():
            return super().forward(input)
        if self.kernel_size == (1, 1) and len(input) >= _MANY_ROWS:
            return torch.cat([super(RowConv2d, self).forward(part) for part in self._parts(input)])
        if self.kernel_size != (1, 1) and len(input) == 1 and input.numel() <= _SMALL_INPUT:
            return super().forward(input.expand(2, -1, -1, -1))[:1]
        return super().forward(input)

    @staticmethod
    def _parts(input: Tensor) -> tuple[Tensor, ...]:
        parts: tuple[Tensor, ...] = input.split(_MANY_ROWS - 1)
        return parts

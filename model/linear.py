"""`RowLinear`: a linear layer whose rows do not depend on how many there are."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# A product with a single row, or with rows that fill no block of a kernel, is summed in
# another order than the rest. In float32 on an AVX2 CPU no two batch sizes agreed as they
# are, all from 1 to 128 agree from multiples of 4 on; wider units have wider blocks.
_BLOCK = 16


class RowLinear(nn.Linear):
    """A linear layer that, in evaluation, fills its rows up to a multiple of 16."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_features) to (n, out_features)."""
        if self.training or torch.compiler.is_exporting():
            return super().forward(x)
        rows = len(x)
        return super().forward(F.pad(x, (0, 0, 0, -rows % _BLOCK)))[:rows]

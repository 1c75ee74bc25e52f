"""`RowLinear`: a linear layer whose rows do not depend on how many there are."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class RowLinear(nn.Linear):
    """A linear layer that, in evaluation, computes each row as an image of one place.

    A product of matrices may round a row otherwise in another batch: on a CPU in float32 no
    two batch sizes agreed, so that an engine would be left with batches of one. Convolutions
    take each image for itself.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_features) to (n, out_features)."""
        if self.training:
            return super().forward(x)
        weight = self.weight[:, :, None, None]
        return F.conv2d(x[:, :, None, None], weight, self.bias).flatten(1)

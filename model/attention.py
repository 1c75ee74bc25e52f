"""`SelfAttention`: features that look at all places of an image."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_REDUCTION = 8


class SelfAttention(nn.Module):
    """The self-attention of SAGAN (Zhang et al., 2019, section 3, equations 1 to 3).

    Every place takes a mean of all places, weighted by how well its query fits their keys,
    and adds gamma times it to what it had. gamma starts at 0: near comes before far.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        reduced = max(1, channels // _REDUCTION)
        self.query = nn.Conv2d(channels, reduced, 1, bias=False)
        self.key = nn.Conv2d(channels, reduced, 1, bias=False)
        self.value = nn.Conv2d(channels, reduced, 1, bias=False)
        self.output = nn.Conv2d(reduced, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Map features (n, c, h, w) to features of the same shape."""
        # In plain products: the fused attention has no second derivative, which R1 needs.
        query, key, value = (layer(x).flatten(2) for layer in (self.query, self.key, self.value))
        weights = torch.bmm(query.transpose(1, 2), key).softmax(dim=2)  # (n, place, other place)
        seen = torch.bmm(value, weights.transpose(1, 2)).unflatten(2, x.shape[2:])
        result: Tensor = x + self.gamma * self.output(seen)
        return result

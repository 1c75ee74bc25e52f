"""Attributes of the data as coordinates of z: whoever draws z draws them too."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def attribute_targets(z: Tensor, shares: Sequence[float]) -> Tensor:
    """Say which attributes the images of z (n, z_dim) shall have: 0 or 1, (n, k).

    Attribute j is there where z[:, j] is in the upper `shares[j]` of a normal distribution, so
    a plain z ~ N(0, 1) asks for it as often as the data have it. Shares are between 0 and 1.
    """
    bounds = [NormalDist().inv_cdf(1.0 - share) for share in shares]
    return (z[:, : len(bounds)] > z.new_tensor(bounds)).to(z.dtype)


def attribute_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """-E log P(attributes | x), ACGAN's L_C (Odena et al., 2017, equation 3) for yes and no.

    The discriminator minimises it on real images alone, so that it learns nothing of what a
    generator gets wrong; the generator on its own. Takes scores and targets (m, k); a scalar.
    """
    losses = binary_cross_entropy_with_logits(outputs, targets, reduction="none")
    return torch.mean(losses.sum(dim=1))

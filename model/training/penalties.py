"""Gradient penalties on the discriminator."""

from __future__ import annotations

import torch
from torch import Tensor


def zero_centred_gradient_penalty(images: Tensor, logits: Tensor) -> Tensor:
    """E ||grad_x D(x)||^2, differentiable in the weights of D.

    On real images this is R1, on fake ones R2 (Mescheder et al., 2018, equations 9 and 10;
    Huang et al., 2024, use both); the caller multiplies by gamma / 2. D must treat each row
    alone, without batch normalisation, or a row's gradient would hold its neighbours'.
    Takes images (n, c, h, w) that require grad and their logits (n,); returns a scalar.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()

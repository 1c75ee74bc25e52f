"""Gradient penalties on the discriminator, and the clipping that they replaced.

Each takes images (n, c, h, w) that require grad and their logits (m,), and returns a scalar
that is differentiable in the weights of D. A logit that was given for n / m images at once
(PacGAN) has one gradient, over all of them. D must treat each logit's images alone, without
batch normalisation, or a gradient would hold its neighbours'.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

_SMALLEST_SQUARE = 1e-24


def zero_centred_gradient_penalty(images: Tensor, logits: Tensor) -> Tensor:
    """E ||grad_x D(x)||^2.

    On real images this is R1, on fake ones R2 (Mescheder et al., 2018, equations 9 and 10;
    Huang et al., 2024, use both); the caller multiplies by gamma / 2.
    """
    return _squared_gradient_norms(images, logits).mean()


def one_centred_gradient_penalty(images: Tensor, logits: Tensor) -> Tensor:
    """E (||grad_x D(x)|| - 1)^2.

    On points between real and fake this is WGAN-GP's (Gulrajani et al., 2017, equation 3), on
    reals moved by noise DRAGAN's (Kodali et al., 2017, section 2); the caller multiplies by
    lambda.
    """
    # A root has no slope at zero, and one flat spot of D would end the run.
    norms = _squared_gradient_norms(images, logits).clamp(min=_SMALLEST_SQUARE).sqrt()
    return (norms - 1).square().mean()


def interpolate(real_images: Tensor, fake_images: Tensor, shares: Tensor) -> Tensor:
    """Return share * x + (1 - share) * G(z) (Gulrajani et al., 2017, algorithm 1).

    Takes shares (n,) in [0, 1); returns images (n, c, h, w).
    """
    shares = shares[:, None, None, None]
    return shares * real_images + (1 - shares) * fake_images


def perturb(real_images: Tensor, noise: Tensor) -> Tensor:
    """Return x + delta, delta ~ N(0, (std(x) / 2)^2) (Kodali et al., 2017, section 2).

    The paper gives its variance in grey levels; half of the batch's standard deviation is
    what its authors' programs take. Takes noise ~ N(0, 1) of the images' shape.
    """
    return real_images + 0.5 * real_images.std() * noise


@torch.no_grad()
def clip_weights(weights: Iterable[Tensor], limit: float) -> None:
    """Clamp every weight to [-limit, limit], in place (Arjovsky et al., 2017, algorithm 1)."""
    for weight in weights:
        weight.clamp_(-limit, limit)


def _squared_gradient_norms(images: Tensor, logits: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    squares = gradient.square().sum(dim=(1, 2, 3))
    return squares.reshape(len(logits), -1).sum(dim=1)

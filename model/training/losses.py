"""Adversarial losses: pure functions of logits, written as in their papers.

Logits are float (n,), before any sigmoid; row i of `real_logits` is paired with row i of
`fake_logits` where a loss compares them. Each returns a scalar to minimise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus


@dataclass(frozen=True)
class AdversarialLoss:
    """The two sides of one game, each called with (real_logits, fake_logits)."""

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    is_relativistic: bool  # whether the generator's loss looks at the real logits


def non_saturating_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log D(x) - log(1 - D(G(z))), with D = sigmoid (Goodfellow et al., 2014, equation 1)."""
    return (softplus(-real_logits) + softplus(fake_logits)).mean()


def non_saturating_generator_loss(_real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log D(G(z)), the form that does not saturate (Goodfellow et al., 2014, section 3)."""
    return softplus(-fake_logits).mean()


def relativistic_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log sigmoid(D(x) - D(G(z))), paired (Jolicoeur-Martineau, 2019, equation 4)."""
    return softplus(fake_logits - real_logits).mean()


def relativistic_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log sigmoid(D(G(z)) - D(x)), paired (Jolicoeur-Martineau, 2019, equation 5)."""
    return softplus(real_logits - fake_logits).mean()


LOSSES = {
    "non-saturating": AdversarialLoss(
        non_saturating_discriminator_loss, non_saturating_generator_loss, is_relativistic=False
    ),
    "relativistic": AdversarialLoss(
        relativistic_discriminator_loss, relativistic_generator_loss, is_relativistic=True
    ),
}

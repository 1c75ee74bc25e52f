"""Adversarial losses: pure functions of logits, written as in their papers.

Logits are float (m,), before any sigmoid; row i of `real_logits` is paired with row i of
`fake_logits` where a loss compares them. Each returns a scalar to minimise. D(x) in a
docstring is the sigmoid of the logit C(x) where the paper has probabilities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu, softplus


@dataclass(frozen=True)
class AdversarialLoss:
    """The two sides of one game, each called with (real_logits, fake_logits).

    `boundary` is the logit that means "as likely real as fake"; None where only differences
    of logits count, so that no single logit means anything.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    is_relativistic: bool = False  # whether the generator's loss looks at the real logits
    boundary: float | None = 0.0
    has_probabilities: bool = False  # whether real is a probability that can be smoothed
    is_saturating: bool = False  # whether a sure discriminator leaves the generator no gradient


def minimax_generator_loss(_real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """log(1 - D(G(z))), as first written: it saturates (Goodfellow et al., 2014, equation 1).

    Its gradient vanishes where the discriminator is sure, which is where it is needed.
    """
    return -softplus(fake_logits).mean()


def non_saturating_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log D(x) - log(1 - D(G(z))), with D = sigmoid (Goodfellow et al., 2014, equation 1)."""
    return (softplus(-real_logits) + softplus(fake_logits)).mean()


def non_saturating_generator_loss(_real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log D(G(z)), the form that does not saturate (Goodfellow et al., 2014, section 3)."""
    return softplus(-fake_logits).mean()


def label_smoothing_term(real_logits: Tensor, smoothing: float) -> Tensor:
    """Turn the target of real images from 1 into 1 - smoothing, added to the loss above.

    One-sided (Salimans et al., 2016, section 3.4): smoothing the fakes' target as well would
    reward the discriminator for calling poor fakes real. With softplus(C) = C + softplus(-C),
    -(1 - s) log D(x) - s log(1 - D(x)) is -log D(x) + s C(x), hence one term.
    """
    return smoothing * real_logits.mean()


def least_squares_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """(C(x) - 1)^2 / 2 + C(G(z))^2 / 2 (Mao et al., 2017, equation 9)."""
    return ((real_logits - 1).square() + fake_logits.square()).mean() / 2


def least_squares_generator_loss(_real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """(C(G(z)) - 1)^2 / 2 (Mao et al., 2017, equation 9)."""
    return (fake_logits - 1).square().mean() / 2


def wasserstein_critic_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """C(G(z)) - C(x), for a 1-Lipschitz critic (Arjovsky et al., 2017, equation 3)."""
    return fake_logits.mean() - real_logits.mean()


def wasserstein_generator_loss(_real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-C(G(z)) (Arjovsky et al., 2017, theorem 3; Miyato et al., 2018, equation 17)."""
    return -fake_logits.mean()


def hinge_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """max(0, 1 - C(x)) + max(0, 1 + C(G(z))) (Miyato et al., 2018, equation 16)."""
    return (relu(1 - real_logits) + relu(1 + fake_logits)).mean()


def relativistic_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log sigmoid(D(x) - D(G(z))), paired (Jolicoeur-Martineau, 2019, equation 4)."""
    return softplus(fake_logits - real_logits).mean()


def relativistic_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log sigmoid(D(G(z)) - D(x)), paired (Jolicoeur-Martineau, 2019, equation 5)."""
    return softplus(real_logits - fake_logits).mean()


def relativistic_average_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log sigmoid(C(x) - E C(G(z))) - log(1 - sigmoid(C(G(z)) - E C(x))).

    RaGAN (Jolicoeur-Martineau, 2019, section 4.2): each against the mean of the other kind.
    """
    real_margin = real_logits - fake_logits.mean()
    fake_margin = fake_logits - real_logits.mean()
    return (softplus(-real_margin) + softplus(fake_margin)).mean()


def relativistic_average_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Exchange real and fake in the discriminator's (Jolicoeur-Martineau, 2019, section 4.2)."""
    return relativistic_average_discriminator_loss(fake_logits, real_logits)


LOSSES = {
    "minimax": AdversarialLoss(
        non_saturating_discriminator_loss,
        minimax_generator_loss,
        has_probabilities=True,
        is_saturating=True,
    ),
    "non-saturating": AdversarialLoss(
        non_saturating_discriminator_loss, non_saturating_generator_loss, has_probabilities=True
    ),
    "least-squares": AdversarialLoss(
        least_squares_discriminator_loss, least_squares_generator_loss, boundary=0.5
    ),
    "wasserstein": AdversarialLoss(
        wasserstein_critic_loss, wasserstein_generator_loss, boundary=None
    ),
    # The generator's side is Wasserstein's: equation 17 is theorem 3's.
    "hinge": AdversarialLoss(hinge_discriminator_loss, wasserstein_generator_loss),
    "relativistic": AdversarialLoss(
        relativistic_discriminator_loss,
        relativistic_generator_loss,
        is_relativistic=True,
        boundary=None,
    ),
    "relativistic-average": AdversarialLoss(
        relativistic_average_discriminator_loss,
        relativistic_average_generator_loss,
        is_relativistic=True,
        boundary=None,
    ),
}


def real_signs(loss: AdversarialLoss, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return E[sign(C(x))], a scalar in [-1, 1]: near 1 the discriminator knows its images.

    r_t of Karras et al. (2020, StyleGAN2-ADA, equation 1) counts from the logit where the
    loss is undecided; where there is none, from the mean of the fakes.
    """
    boundary = fake_logits.mean() if loss.boundary is None else loss.boundary
    return (real_logits - boundary).sign().mean()

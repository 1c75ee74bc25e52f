"""Losses on the discriminator's further outputs: classes (ACGAN) and codes (InfoGAN)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import cross_entropy


@dataclass(frozen=True)
class LatentCodes:
    """Which coordinates of z the discriminator must find in an image (Chen et al., 2016).

    A category is the position of the largest of the first `categories` coordinates, which is
    uniform; the next `continuous` ones are codes as they are. So the codes are functions of a
    plain z ~ N(0, 1), and a service that knows nothing of them draws and sets them.
    """

    categories: int = 0
    continuous: int = 0

    @property
    def outputs(self) -> int:
        """How many outputs the discriminator needs: scores of categories, means of codes."""
        return self.categories + self.continuous


def class_loss(class_scores: Tensor, labels: Tensor) -> Tensor:
    """-log P(C = c | x), ACGAN's L_C with its sign turned (Odena et al., 2017, equation 3).

    Both players minimise it, on real and on fake images. Takes scores (m, num_classes) and
    labels int64 (m,); returns a scalar.
    """
    return cross_entropy(class_scores, labels)


def code_loss(outputs: Tensor, z: Tensor, codes: LatentCodes) -> Tensor:
    """-E log Q(c | x), InfoGAN's bound on the mutual information (Chen et al., 2016, eq. 5).

    Without the entropy of the codes, which is constant. Q is a softmax over the categories
    and a Gaussian of unit variance around the mean of a continuous code. Takes outputs
    (m, codes.outputs) and z (m, z_dim); returns a scalar.
    """
    loss = outputs.new_zeros(())
    if codes.categories:
        category = z[:, : codes.categories].argmax(dim=1)
        loss = loss + cross_entropy(outputs[:, : codes.categories], category)
    if codes.continuous:
        means = outputs[:, codes.categories : codes.outputs]
        errors = (means - z[:, codes.categories : codes.outputs]).square().sum(dim=1)
        loss = loss + (errors + codes.continuous * math.log(2 * math.pi)).mean() / 2
    return loss

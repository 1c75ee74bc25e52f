"""`Trunk`: the part of a discriminator in which the architectures differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import nn

from model.discriminators.description import NORMALISATIONS
from model.residual import initialise_he


class Trunk(nn.Module):
    """Maps images (m, c, h, w) to features (m, num_features); made of a spec and a description."""

    normalisations: ClassVar[tuple[str, ...]] = NORMALISATIONS
    has_feature_maps: ClassVar[bool] = True  # self-attention has something to look at

    num_features: int

    def initialise(self, heads: Sequence[nn.Linear], embedding: nn.Embedding | None) -> None:
        """Draw all weights anew, those of the linear `heads` on the features too.

        After He et al. (2015), as gradient penalties and norm-free networks need it. The
        class term starts at zero: what a face is comes before which face it is.
        """
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                initialise_he(layer)
        for head in heads:
            initialise_he(head, gain=1.0)
        if embedding is not None:
            nn.init.zeros_(embedding.weight)


def normalisation_layers(normalisation: str, channels: int) -> list[nn.Module]:
    """Return the layer that normalises `channels`, or none where weights or nothing is."""
    if normalisation == "batch":
        return [nn.BatchNorm2d(channels)]
    if normalisation == "layer":
        # Layer normalisation of an image (Ba et al., 2016): no row depends on another, so
        # gradient penalties may be had with it (Gulrajani et al., 2017, section 4).
        return [nn.GroupNorm(1, channels)]
    return []

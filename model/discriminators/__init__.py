"""Discriminators, one architecture a file; `build_discriminator` makes one from its names."""

from __future__ import annotations

from model.discriminators.building import (
    DISCRIMINATORS,
    build_discriminator,
    check_discriminator,
)
from model.discriminators.description import NORMALISATIONS, DiscriminatorSpec
from model.discriminators.discriminator import Discriminator
from model.discriminators.held import HeldDiscriminator, empty_discriminator

__all__ = [
    "DISCRIMINATORS",
    "NORMALISATIONS",
    "Discriminator",
    "DiscriminatorSpec",
    "HeldDiscriminator",
    "build_discriminator",
    "check_discriminator",
    "empty_discriminator",
]

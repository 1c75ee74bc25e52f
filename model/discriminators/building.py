"""`build_discriminator`: a discriminator from its names and numbers."""

from __future__ import annotations

from collections.abc import Callable

from model.discriminators.dcgan import DCGANTrunk
from model.discriminators.description import DiscriminatorSpec
from model.discriminators.discriminator import Discriminator
from model.discriminators.mlp import MLPTrunk
from model.discriminators.residual import ResidualTrunk
from model.discriminators.resnet import ResNetTrunk
from model.discriminators.trunk import Trunk
from model.spec import GeneratorSpec, SpecError

# A new architecture is one file and one line here.
DISCRIMINATORS: dict[str, type[Trunk]] = {
    "dcgan": DCGANTrunk,
    "mlp": MLPTrunk,
    "resnet": ResNetTrunk,
    "residual": ResidualTrunk,
}


def build_discriminator(spec: GeneratorSpec, description: DiscriminatorSpec) -> Discriminator:
    """Build the discriminator that fits the images and classes of `spec`, with fresh weights.

    SpecError if the architecture is not known, or has not what is asked for.
    """
    check_discriminator(spec, description)
    make: Callable[[GeneratorSpec, DiscriminatorSpec], Trunk] = DISCRIMINATORS[
        description.architecture
    ]
    return Discriminator(make(spec, description), spec.num_classes, description)


def check_discriminator(spec: GeneratorSpec, description: DiscriminatorSpec) -> None:
    """Raise SpecError for what `build_discriminator` cannot build; costs nothing."""
    name = description.architecture
    if name not in DISCRIMINATORS:
        known = ", ".join(DISCRIMINATORS)
        raise SpecError(f"unknown discriminator {name!r}; this version has: {known}")
    trunk = DISCRIMINATORS[name]
    if description.normalisation not in trunk.normalisations:
        known = ", ".join(trunk.normalisations)
        raise SpecError(
            f"the {name} discriminator has no normalisation {description.normalisation!r}, "
            f"only: {known}"
        )
    if description.has_attention and spec.attention_resolution is None:
        raise SpecError("self-attention needs an attention_resolution")
    if description.has_attention and not trunk.has_feature_maps:
        raise SpecError(f"the {name} discriminator has no features that self-attention could see")

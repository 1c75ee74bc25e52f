"""Generators, one architecture a file; `build_generator` makes one from its spec."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from model.generators.dcgan import DCGANGenerator
from model.generators.mlp import MLPGenerator
from model.generators.resnet import ResNetGenerator
from model.generators.stack import StackGenerator
from model.generators.upsample import UpSampleGenerator
from model.spec import GeneratorSpec, SpecError

# A new architecture is one file and one line here.
GENERATORS: dict[str, Callable[[GeneratorSpec], nn.Module]] = {
    "dcgan": DCGANGenerator,
    "mlp": MLPGenerator,
    "resnet": ResNetGenerator,
    "stack": StackGenerator,
    "upsample": UpSampleGenerator,
}


def build_generator(spec: GeneratorSpec) -> nn.Module:
    """Build the generator that `spec` describes, with fresh weights.

    Called as `generator(z, labels)`: z float (n, z_dim), labels int64 (n,) or None; gives
    images (n, c, h, w) in [-1, 1]. SpecError if the architecture is not known, or has not
    what is asked for.
    """
    check_architecture(spec)
    return GENERATORS[spec.architecture](spec)


def check_architecture(spec: GeneratorSpec) -> None:
    """Raise SpecError if the architecture is not known, or has no place for self-attention."""
    if spec.architecture not in GENERATORS:
        known = ", ".join(sorted(GENERATORS))
        raise SpecError(f"unknown architecture {spec.architecture!r}; this version has: {known}")
    has_feature_maps = getattr(GENERATORS[spec.architecture], "has_feature_maps", False)
    if spec.attention_resolution is not None and not has_feature_maps:
        raise SpecError(f"{spec.architecture} has no features that self-attention could look at")

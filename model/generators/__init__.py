"""Generators, one architecture a file; `build_generator` makes one from its spec."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from model.generators.dcgan import DCGANGenerator
from model.generators.resnet import ResNetGenerator
from model.generators.stack import StackGenerator
from model.spec import GeneratorSpec, SpecError

GENERATORS: dict[str, Callable[[GeneratorSpec], nn.Module]] = {
    "dcgan": DCGANGenerator,
    "resnet": ResNetGenerator,
    "stack": StackGenerator,
}


def build_generator(spec: GeneratorSpec) -> nn.Module:
    """Build the generator that `spec` describes, with fresh weights.

    Called as `generator(z, labels)`: z float (n, z_dim), labels int64 (n,) or None; gives
    images (n, c, h, w) in [-1, 1]. SpecError if the architecture is not known.
    """
    if spec.architecture not in GENERATORS:
        known = ", ".join(sorted(GENERATORS))
        raise SpecError(f"unknown architecture {spec.architecture!r}; this version has: {known}")
    return GENERATORS[spec.architecture](spec)

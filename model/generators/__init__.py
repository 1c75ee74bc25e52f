"""Generators, one architecture a file; `build_generator` makes one from its spec."""

from __future__ import annotations

from torch import nn

from model.generators.dcgan import DCGANGenerator
from model.spec import GeneratorSpec, SpecError

GENERATORS: dict[str, type[DCGANGenerator]] = {"dcgan": DCGANGenerator}


def build_generator(spec: GeneratorSpec) -> nn.Module:
    """Build the generator that `spec` describes, with fresh weights.

    Called as `generator(z, labels)`: z float (n, z_dim), labels int64 (n,) or None; gives
    images (n, c, h, w) in [-1, 1]. SpecError if the architecture is not known.
    """
    if spec.architecture not in GENERATORS:
        known = ", ".join(sorted(GENERATORS))
        raise SpecError(f"unknown architecture {spec.architecture!r}; this version has: {known}")
    return GENERATORS[spec.architecture](spec)

"""Generators, one architecture a file; `build_generator` makes one from its spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from model.generators.dcgan import DCGANGenerator
from model.generators.mlp import MLPGenerator
from model.generators.palette import PaletteGenerator
from model.generators.pixel import PixelGenerator
from model.generators.resize import ResizeGenerator
from model.generators.resnet import ResNetGenerator
from model.generators.stack import StackGenerator
from model.generators.upsample import UpSampleGenerator
from model.spec import GeneratorSpec, SpecError

# A new architecture is one file and one line here.
GENERATORS: dict[str, Callable[[GeneratorSpec], nn.Module]] = {
    "dcgan": DCGANGenerator,
    "mlp": MLPGenerator,
    "palette": PaletteGenerator,
    "pixel": PixelGenerator,
    "resize": ResizeGenerator,
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


def load_generator(spec: GeneratorSpec, weights: Mapping[str, Tensor]) -> nn.Module:
    """Build the generator of `spec` around `weights`, ready to render; nothing is copied.

    RuntimeError if they do not fit.
    """
    with torch.device("meta"):
        generator = build_generator(spec)
    generator.load_state_dict(dict(weights), assign=True)
    return generator.eval().requires_grad_(False)


def check_architecture(spec: GeneratorSpec) -> None:
    """Raise SpecError if the architecture is not known, or has no place for self-attention."""
    if spec.architecture not in GENERATORS:
        known = ", ".join(sorted(GENERATORS))
        raise SpecError(f"unknown architecture {spec.architecture!r}; this version has: {known}")
    can_attend = getattr(GENERATORS[spec.architecture], "can_attend", False)
    if spec.attention_resolution is not None and not can_attend:
        raise SpecError(f"{spec.architecture} has no place for self-attention")

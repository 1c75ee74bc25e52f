"""`DiscriminatorSpec`: a discriminator, described by names and numbers."""

from __future__ import annotations

from dataclasses import dataclass

from model.spec import SpecError

NORMALISATIONS = ("batch", "none", "spectral", "layer")
_MAX_PACK = 16


@dataclass(frozen=True)
class DiscriminatorSpec:
    """What `build_discriminator` needs to know beside the generator's spec.

    `base_channels` is the width of the first layer. `pack` images of one kind are judged
    together (PacGAN, Lin et al., 2018). `auxiliary_outputs` is the size of a second head's
    answer, 0 for none. `has_attention` puts self-attention at the generator's
    `attention_resolution`. SpecError if a value is out of range.
    """

    architecture: str
    base_channels: int
    normalisation: str = "none"
    pack: int = 1
    auxiliary_outputs: int = 0
    has_attention: bool = False

    def __post_init__(self) -> None:
        """Check what does not depend on the architecture."""
        if self.normalisation not in NORMALISATIONS:
            known = ", ".join(NORMALISATIONS)
            raise SpecError(f"unknown normalisation {self.normalisation!r}; there are: {known}")
        if not 1 <= self.pack <= _MAX_PACK:
            raise SpecError(f"pack must be from 1 to {_MAX_PACK}, not {self.pack}")
        if self.base_channels < 1 or self.auxiliary_outputs < 0:
            raise SpecError("base_channels must be positive, auxiliary_outputs not negative")

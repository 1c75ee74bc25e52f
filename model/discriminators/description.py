"""`DiscriminatorSpec`: a discriminator, described by names and numbers."""

from __future__ import annotations

from dataclasses import dataclass

from model.spec import SpecError

NORMALISATIONS = ("batch", "none", "spectral", "layer")
# A checkpoint may carry a discriminator: as with the generator's spec, what it claims is bounded.
_BOUNDS = {"base_channels": (1, 512), "pack": (1, 16), "auxiliary_outputs": (0, 1024)}


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
        if not isinstance(self.architecture, str):
            raise SpecError("the discriminator's architecture must be a string")
        if self.normalisation not in NORMALISATIONS:
            known = ", ".join(NORMALISATIONS)
            raise SpecError(f"unknown normalisation {self.normalisation!r}; there are: {known}")
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise SpecError(f"{name} must be whole, from {low} to {high}, not {value!r}")
        if type(self.has_attention) is not bool:
            raise SpecError("has_attention must be true or false")

"""`GeneratorSpec`: all that is needed to rebuild a generator."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

# Bounds keep a hostile checkpoint from describing a network that cannot be held:
# a spec is checked before anything is allocated for it.
_BOUNDS = {
    "img_resolution": (16, 256),
    "img_channels": (1, 4),
    "z_dim": (1, 1024),
    "num_classes": (0, 1000),
    "base_channels": (1, 512),
}


class SpecError(ValueError):
    """A generator specification that is malformed or out of bounds."""


@dataclass(frozen=True)
class GeneratorSpec:
    """A generator, described by numbers.

    `num_classes` is 0 for an unconditional generator. `base_channels` is the width of
    the last hidden layer; each layer below it doubles it (DCGAN, figure 1).
    Raises SpecError if a field is out of its bounds or the resolution no power of two.
    """

    architecture: str
    img_resolution: int
    img_channels: int = 3
    z_dim: int = 100
    num_classes: int = 0
    base_channels: int = 64

    def __post_init__(self) -> None:
        """Check every field, so that a spec that exists is one that can be built."""
        if not isinstance(self.architecture, str):
            raise SpecError("architecture must be a string")
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise SpecError(
                    f"{name} must be a whole number from {low} to {high}, not {value!r}"
                )
        if self.img_resolution & (self.img_resolution - 1):
            raise SpecError(f"img_resolution must be a power of two, not {self.img_resolution}")

    @property
    def is_conditional(self) -> bool:
        """Whether the generator takes a class label beside `z`."""
        return self.num_classes > 0

    def to_json(self) -> str:
        """Write the spec as one line of JSON with sorted keys."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> GeneratorSpec:
        """Read what `to_json` wrote; SpecError names what is missing, unknown or wrong."""
        try:
            fields: Any = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SpecError(f"the generator spec is not JSON: {error}") from error
        if not isinstance(fields, dict):
            raise SpecError("the generator spec is not a JSON object")
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := sorted(set(fields) - known):
            raise SpecError(f"the generator spec has unknown fields: {', '.join(unknown)}")
        if missing := sorted({"architecture", "img_resolution"} - set(fields)):
            raise SpecError(f"the generator spec lacks {', '.join(missing)}")
        return cls(**fields)

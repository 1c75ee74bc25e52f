"""`GeneratorSpec`: all that is needed to rebuild a generator."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from model.spec_error import SpecError as SpecError
from model.stack_layer import StackLayer, trace_shapes

# Bounds keep a hostile checkpoint from describing a network that cannot be held:
# a spec is checked before anything is allocated for it.
_BOUNDS = {
    "img_resolution": (16, 256),
    "img_channels": (1, 4),
    "z_dim": (1, 1024),
    "num_classes": (0, 1000),
    "base_channels": (1, 512),
}


@dataclass(frozen=True)
class GeneratorSpec:
    """A generator, described by numbers.

    `num_classes` is 0 for an unconditional generator. `base_channels` is the width of
    the last hidden layer; each layer below it doubles it (DCGAN, figure 1). `layers` are
    those of the architecture "stack" alone, and decide its size.
    Raises SpecError if a field is out of its bounds or the resolution is not one of the
    architecture's.
    """

    architecture: str
    img_resolution: int
    img_channels: int = 3
    z_dim: int = 100
    num_classes: int = 0
    base_channels: int = 64
    layers: tuple[StackLayer, ...] = ()

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
        if self.architecture == "stack":
            self._check_layers()
        elif self.layers:
            raise SpecError(f"layers are a stack's, not those of {self.architecture!r}")
        elif self.architecture == "resnet" and self.img_resolution % 2 ** (
            self.img_resolution.bit_length() - 3
        ):
            raise SpecError("img_resolution must be 4, 5, 6 or 7 times a power of two")
        elif self.architecture != "resnet" and self.img_resolution & (self.img_resolution - 1):
            raise SpecError(f"img_resolution must be a power of two, not {self.img_resolution}")

    def _check_layers(self) -> None:
        """Require layers that end in images of this spec's shape, in [-1, 1]."""
        if not isinstance(self.layers, tuple) or not self.layers:
            raise SpecError("a stack needs its layers")
        shape = trace_shapes(self.layers, self.z_dim + self.num_classes)[-1]
        expected = (self.img_channels, self.img_resolution, self.img_resolution)
        if shape != expected:
            raise SpecError(f"the layers give images of {shape}, not {expected}")
        if self.layers[-1].activation != "tanh":
            raise SpecError("the last layer's activation must be tanh")

    @property
    def is_conditional(self) -> bool:
        """Whether the generator takes a class label beside `z`."""
        return self.num_classes > 0

    def to_fields(self) -> dict[str, Any]:
        """Return the spec as JSON holds it; layers only where there are any."""
        fields = dataclasses.asdict(self)
        del fields["layers"]
        if self.layers:
            fields["layers"] = [layer.to_fields() for layer in self.layers]
        return fields

    def to_json(self) -> str:
        """Write the spec as one line of JSON with sorted keys."""
        return json.dumps(self.to_fields(), sort_keys=True)

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
        if "layers" in fields:
            layers = fields["layers"]
            if not isinstance(layers, list):
                raise SpecError("layers must be a list")
            fields["layers"] = tuple(StackLayer.from_fields(layer) for layer in layers)
        return cls(**fields)

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
    "img_width": (16, 256),
    "img_channels": (1, 4),
    "z_dim": (1, 1024),
    "num_classes": (0, 1000),
    "base_channels": (1, 512),
}

# Networks halve or double a size: from one of these small sides, at least twice.
_FIRST_SIDES = range(3, 8)
_MIN_DOUBLINGS = 2
# Self-attention compares all places with all: its map has the square of so many entries.
_MAX_ATTENTION_PLACES = 1024
_ADDED_LATER = {"img_width", "attention_resolution", "layers"}


@dataclass(frozen=True)
class GeneratorSpec:
    """A generator, described by numbers.

    `img_resolution` is the height, `img_width` the width, None where it is the height. Both
    are doubled equally often from a side of 3 to 7: they are a * 2^k and b * 2^k, k >= 2.
    `num_classes` is 0 for an unconditional generator. `base_channels` is the width of the
    last hidden layer; each layer below it doubles it (DCGAN, figure 1).
    `attention_resolution` is the height of the features with self-attention, None for none.
    `layers` are those of the architecture "stack" alone, and decide its size.
    Raises SpecError if a field is out of its bounds or the size cannot be reached so.
    """

    architecture: str
    img_resolution: int
    img_channels: int = 3
    z_dim: int = 100
    num_classes: int = 0
    base_channels: int = 64
    img_width: int | None = None
    attention_resolution: int | None = None
    layers: tuple[StackLayer, ...] = ()

    def __post_init__(self) -> None:
        """Check every field, so that a spec that exists is one that can be built."""
        if not isinstance(self.architecture, str):
            raise SpecError("architecture must be a string")
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            is_left_out = name in _ADDED_LATER and value is None
            if not is_left_out and (type(value) is not int or not low <= value <= high):
                raise SpecError(
                    f"{name} must be a whole number from {low} to {high}, not {value!r}"
                )
        if self.img_width == self.img_resolution:  # a square is written in one way only
            object.__setattr__(self, "img_width", None)
        if self.architecture == "stack":
            self._check_layers()
        elif self.layers:
            raise SpecError(f"layers are a stack's, not those of {self.architecture!r}")
        else:
            self._check_size()
        if self.attention_resolution is not None:
            self._check_attention(self.attention_resolution)

    def _check_size(self) -> None:
        """Require a size that doublings reach."""
        height, width = self.img_size
        if self.doublings:
            return
        if self.img_width is None:
            raise SpecError(
                f"img_resolution must be 3, 4, 5, 6 or 7, doubled at least twice, not {height}: "
                f"the nearest are {_nearest_sides(height)}"
            )
        raise SpecError(
            f"{height} x {width} cannot be had: img_resolution and img_width must be from 3 to 7, "
            "both doubled equally often and at least twice; the nearest is "
            f"{_nearest_size(height, width)}"
        )

    def _check_attention(self, height: object) -> None:
        """Require the height of features that there are, and not too many places in them."""
        first_height, first_width = self.first_size
        legal = [
            first_height << doubling
            for doubling in range(self.doublings)
            if first_height * first_width << 2 * doubling <= _MAX_ATTENTION_PLACES
        ]
        if type(height) is not int or height not in legal:
            known = ", ".join(map(str, legal))
            raise SpecError(
                f"attention_resolution must be the height of some features, {known}, not {height!r}"
            )

    def _check_layers(self) -> None:
        """Require layers that end in images of this spec's shape, in [-1, 1]."""
        if not isinstance(self.layers, tuple) or not self.layers:
            raise SpecError("a stack needs its layers")
        shape = trace_shapes(self.layers, self.z_dim + self.num_classes)[-1]
        expected = (self.img_channels, *self.img_size)
        if shape != expected:
            raise SpecError(f"the layers give images of {shape}, not {expected}")
        if self.layers[-1].activation != "tanh":
            raise SpecError("the last layer's activation must be tanh")

    @property
    def img_size(self) -> tuple[int, int]:
        """Height and width of an image."""
        return self.img_resolution, self.img_width or self.img_resolution

    @property
    def pixels_shape(self) -> tuple[int, int, int]:
        """(h, w, c), the shape of one image's pixels."""
        return (*self.img_size, self.img_channels)

    @property
    def doublings(self) -> int:
        """How often the first features are doubled to the size: k, the largest that there is."""
        return _count_doublings(*self.img_size)

    @property
    def first_size(self) -> tuple[int, int]:
        """Height and width of the first features, both from 3 to 7: 4 x 4 of a power of two."""
        height, width = self.img_size
        return height >> self.doublings, width >> self.doublings

    @property
    def is_conditional(self) -> bool:
        """Whether the generator takes a class label beside `z`."""
        return self.num_classes > 0

    def to_fields(self) -> dict[str, Any]:
        """Return the spec as JSON holds it.

        Fields that were added later are left out where they say nothing: a file that an
        older version could have written is written as it would have been.
        """
        fields = dataclasses.asdict(self)
        fields["layers"] = [layer.to_fields() for layer in self.layers] or None
        return {k: v for k, v in fields.items() if k not in _ADDED_LATER or v is not None}

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


def _nearest_sides(side: int) -> str:
    """Name the legal sides of a square below and above one that is not, within the bounds."""
    low, high = _BOUNDS["img_resolution"]
    legal = [other for other in range(low, high + 1) if _count_doublings(other, other)]
    below = [other for other in legal if other < side][-1:]
    above = [other for other in legal if other > side][:1]
    return " and ".join(map(str, below + above))


def _nearest_size(height: int, width: int) -> str:
    """Name the legal size whose sides together differ least from one that is not legal."""
    low, high = _BOUNDS["img_resolution"]
    legal = [
        (first << doublings, second << doublings)
        for doublings in range(_MIN_DOUBLINGS, high.bit_length())
        for first in _FIRST_SIDES
        for second in _FIRST_SIDES
        if all(low <= side << doublings <= high for side in (first, second))
    ]
    nearest = min(legal, key=lambda size: abs(size[0] - height) + abs(size[1] - width))
    return f"{nearest[0]} x {nearest[1]}"


def _count_doublings(height: int, width: int) -> int:
    """Return the largest k >= 2 for which both sides are one of `_FIRST_SIDES` times 2^k, or 0."""
    for doublings in range(max(height, width).bit_length(), _MIN_DOUBLINGS - 1, -1):
        if all(
            side >> doublings << doublings == side and side >> doublings in _FIRST_SIDES
            for side in (height, width)
        ):
            return doublings
    return 0

"""`StackLayer`: one step of a sequential generator, described by a few numbers and words."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model.spec_error import SpecError

KINDS = ("linear", "reshape", "conv", "transposed", "nearest", "bilinear", "identity")
NORMS = ("none", "batch", "layer", "instance")
ACTIVATIONS = ("none", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid")

# A spec is only a claim: these keep a hostile one from asking for more than any generator
# of 256 x 256 needs.
_MAX_LAYERS = 64
_MAX_SIDE = 512
_MAX_ACTIVATIONS = 2**24
_MAX_WEIGHTS = 2**28
_PAIR_BOUNDS = {"kernel": (1, 64), "stride": (1, 8), "padding": (0, 64), "output_padding": (0, 7)}

Pair = tuple[int, int]
Shape = tuple[int, ...]  # of one row: (features,) or (c, h, w)


@dataclass(frozen=True)
class StackLayer:
    """An operation, then its normalisation, then its activation.

    `kind` is "linear", "conv", "transposed" (a transposed convolution), "reshape" (features to
    `out_channels` maps of `kernel` = height, width), "nearest" or "bilinear" (up-sampling by
    `stride`), or "identity". `out_channels` is 0 where the kind does not change their number.
    `eps` is the normalisation's, `slope` leaky ReLU's. SpecError if a field is out of bounds.
    """

    kind: str
    out_channels: int = 0
    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    output_padding: Pair = (0, 0)
    bias: bool = False
    norm: str = "none"
    eps: float = 1e-5
    activation: str = "none"
    slope: float = 0.2

    def __post_init__(self) -> None:
        """Check every field by itself; `trace_shapes` checks that layers fit together."""
        for name, known in (("kind", KINDS), ("norm", NORMS), ("activation", ACTIVATIONS)):
            if getattr(self, name) not in known:
                raise SpecError(f"a layer's {name} must be one of {', '.join(known)}")
        for name, bounds in _PAIR_BOUNDS.items():
            _check_pair(name, getattr(self, name), *bounds)
        if type(self.out_channels) is not int or not 0 <= self.out_channels <= _MAX_ACTIVATIONS:
            raise SpecError(f"a layer's out_channels cannot be {self.out_channels!r}")
        if type(self.bias) is not bool:
            raise SpecError(f"a layer's bias must be true or false, not {self.bias!r}")
        for name, most in (("eps", 10.0), ("slope", 1.0)):
            value = getattr(self, name)
            if type(value) not in (int, float) or not 0 < value <= most:
                raise SpecError(f"a layer's {name} must be above 0 and at most {most:g}")

    def to_fields(self) -> dict[str, Any]:
        """Return what differs from the defaults, as JSON holds it."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        }

    @classmethod
    def from_fields(cls, fields: Any) -> StackLayer:
        """Read what `to_fields` wrote; SpecError names what is unknown or wrong."""
        known = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(fields, dict) or "kind" not in fields or set(fields) - known:
            raise SpecError("a layer must be an object with a kind and no unknown field")
        pairs = {
            name: tuple(fields[name]) if isinstance(fields[name], list) else fields[name]
            for name in _PAIR_BOUNDS
            if name in fields
        }
        return cls(**{**fields, **pairs})


def _check_pair(name: str, pair: object, low: int, high: int) -> None:
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise SpecError(f"a layer's {name} must be two whole numbers, not {pair!r}")
    if not all(type(side) is int and low <= side <= high for side in pair):
        raise SpecError(f"a layer's {name} must be from {low} to {high}, not {pair!r}")


def trace_shapes(layers: Sequence[StackLayer], features: int) -> list[Shape]:
    """Return the shape of one row before the first layer and after each.

    A first layer that convolves sees `features` as (features, 1, 1). SpecError if two layers do
    not fit together, or if what they need is out of bounds.
    """
    if not 1 <= len(layers) <= _MAX_LAYERS:
        raise SpecError(f"a stack must have from 1 to {_MAX_LAYERS} layers, not {len(layers)}")
    is_flat = layers[0].kind in ("linear", "reshape", "identity")
    shapes: list[Shape] = [(features,) if is_flat else (features, 1, 1)]
    weights = 0
    for index, layer in enumerate(layers):
        shape = _shape_after(layer, shapes[-1], index)
        weights += _weights_of(layer, shapes[-1])
        size = 1
        for side in shape:
            size *= side
        if size > _MAX_ACTIVATIONS or max(shape[1:], default=1) > _MAX_SIDE:
            raise SpecError(f"layer {index} gives {shape}: more than this program holds")
        shapes.append(shape)
    if weights > _MAX_WEIGHTS:
        raise SpecError(f"the layers have {weights} weights, more than {_MAX_WEIGHTS}")
    return shapes


def _shape_after(layer: StackLayer, shape: Shape, index: int) -> Shape:
    if layer.kind == "identity":
        return shape
    if layer.out_channels == 0 and layer.kind not in ("nearest", "bilinear"):
        raise SpecError(f"layer {index} ({layer.kind}) needs out_channels")
    if (layer.kind in ("linear", "reshape")) != (len(shape) == 1):
        raise SpecError(f"layer {index} ({layer.kind}) cannot follow a shape of {shape}")
    if layer.kind == "linear":
        return (layer.out_channels,)
    if layer.kind == "reshape":
        made = (layer.out_channels, *layer.kernel)
        if made[0] * made[1] * made[2] != shape[0]:
            raise SpecError(f"layer {index} cannot reshape {shape[0]} features to {made}")
        return made
    height, width = (_side_after(layer, shape[1 + axis], axis) for axis in (0, 1))
    if min(height, width) < 1:
        raise SpecError(f"layer {index} ({layer.kind}) leaves nothing of {shape}")
    return (layer.out_channels or shape[0], height, width)


def _side_after(layer: StackLayer, side: int, axis: int) -> int:
    kernel, stride, padding = layer.kernel[axis], layer.stride[axis], layer.padding[axis]
    if layer.kind == "conv":
        return (side + 2 * padding - kernel) // stride + 1
    if layer.kind == "transposed":
        if layer.output_padding[axis] >= stride and layer.output_padding[axis]:
            raise SpecError("a layer's output_padding must be less than its stride")
        return (side - 1) * stride - 2 * padding + kernel + layer.output_padding[axis]
    return side * stride


def _weights_of(layer: StackLayer, shape: Shape) -> int:
    if layer.kind == "linear":
        return shape[0] * layer.out_channels
    if layer.kind in ("conv", "transposed"):
        return shape[0] * layer.out_channels * layer.kernel[0] * layer.kernel[1]
    return 0

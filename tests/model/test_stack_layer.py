"""Claims on the layers of a stack: each is checked, and together they fit within bounds."""

from __future__ import annotations

import json

import pytest
import torch

from model.generators import build_generator
from model.spec import GeneratorSpec, SpecError
from model.stack_layer import StackLayer, trace_shapes

LAYERS = (
    StackLayer("linear", 64, bias=True, norm="batch", eps=0.8, activation="leaky_relu", slope=0.3),
    StackLayer("reshape", 4, kernel=(4, 4), norm="layer"),
    StackLayer("nearest", stride=(2, 2)),
    StackLayer("conv", 6, kernel=(3, 3), padding=(1, 1), norm="instance", activation="gelu"),
    StackLayer("identity", activation="elu"),
    StackLayer("transposed", 3, (5, 5), (2, 2), (2, 2), (1, 1), activation="tanh"),
)
SPEC = GeneratorSpec("stack", 16, 3, z_dim=7, num_classes=2, layers=LAYERS)


def change(index: int, **fields: object) -> str:
    content = SPEC.to_fields()
    content["layers"][index] = {**content["layers"][index], **fields}
    return json.dumps(content)


def test_json_keeps_every_layer() -> None:
    assert GeneratorSpec.from_json(SPEC.to_json()) == SPEC


def test_layers_are_written_only_where_there_are_any() -> None:
    assert "layers" not in json.loads(GeneratorSpec("dcgan", 16).to_json())
    assert len(json.loads(SPEC.to_json())["layers"]) == 6


@pytest.mark.parametrize("layer", LAYERS)
def test_only_what_differs_from_the_default_is_written(layer: StackLayer) -> None:
    assert "output_padding" not in layer.to_fields() or layer.output_padding != (0, 0)
    assert StackLayer.from_fields(json.loads(json.dumps(layer.to_fields()))) == layer


def test_shapes_are_those_that_torch_computes() -> None:
    generator = build_generator(SPEC).eval()
    seen = []
    for module in generator.layers:  # type: ignore[union-attr]
        module.register_forward_hook(lambda _module, _x, y: seen.append(tuple(y.shape[1:])))
    generator(torch.randn(2, 7), torch.tensor([0, 1]))
    assert set(trace_shapes(LAYERS, 9)[1:]) == set(seen)


@pytest.mark.parametrize(
    ("index", "fields", "line"),
    [
        (0, {"kind": "attention"}, "kind must be one of"),
        (0, {"kind": ["linear"]}, "kind must be one of"),
        (0, {"norm": "group"}, "norm must be one of"),
        (0, {"activation": "eval"}, "activation must be one of"),
        (0, {"out_channels": 63}, "cannot reshape 63 features"),
        (0, {"out_channels": 2**40}, "out_channels cannot be"),
        (0, {"out_channels": 2**24}, "weights, more than|cannot reshape"),
        (0, {"out_channels": True}, "out_channels cannot be"),
        (0, {"eps": 0}, "eps must be above 0"),
        (0, {"eps": float("nan")}, "eps must be above 0"),
        (0, {"slope": 2}, "slope must be above 0"),
        (0, {"bias": 1}, "bias must be true or false"),
        (0, {"dilation": 2}, "no unknown field"),
        (1, {"kernel": [4]}, "kernel must be two whole numbers"),
        (1, {"kernel": [4, 4.0]}, "kernel must be from 1 to 64"),
        (2, {"stride": [9, 9]}, "stride must be from 1 to 8"),
        (2, {"stride": [8, 8]}, "the layers give images of"),
        (3, {"padding": [10**9, 1]}, "padding must be from 0 to 64"),
        (3, {"kernel": [64, 64]}, "leaves nothing"),
        (3, {"kind": "linear"}, "cannot follow a shape"),
        (5, {"output_padding": [2, 2]}, "output_padding must be less than its stride"),
        (5, {"out_channels": 1}, "the layers give images of"),
        (5, {"activation": "relu"}, "last layer's activation must be tanh"),
    ],
)
def test_a_layer_that_is_wrong_or_does_not_fit_is_refused(
    index: int, fields: dict[str, object], line: str
) -> None:
    with pytest.raises(SpecError, match=line):
        GeneratorSpec.from_json(change(index, **fields))


def test_a_hostile_stack_is_refused_before_anything_is_allocated() -> None:
    grow = StackLayer("nearest", stride=(8, 8))
    with pytest.raises(SpecError, match="more than this program holds"):
        trace_shapes([StackLayer("reshape", 7), *[grow] * 8], 7)
    wide = StackLayer("linear", 2**17, activation="tanh")
    with pytest.raises(SpecError, match="weights, more than"):
        trace_shapes([wide, wide], 8)
    with pytest.raises(SpecError, match="from 1 to 64 layers"):
        trace_shapes([StackLayer("identity")] * 65, 8)
    with pytest.raises(SpecError, match="from 1 to 64 layers"):
        trace_shapes([], 8)


def test_layers_belong_to_a_stack_alone() -> None:
    with pytest.raises(SpecError, match="layers are a stack's"):
        GeneratorSpec("dcgan", 16, layers=LAYERS)
    with pytest.raises(SpecError, match="a stack needs its layers"):
        GeneratorSpec("stack", 16)
    with pytest.raises(SpecError, match="layers must be a list"):
        GeneratorSpec.from_json(json.dumps({**SPEC.to_fields(), "layers": {}}))
    with pytest.raises(SpecError, match="a layer must be an object"):
        GeneratorSpec.from_json(json.dumps({**SPEC.to_fields(), "layers": [7]}))

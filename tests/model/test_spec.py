"""Claims on `GeneratorSpec`: a spec that exists can be built, and JSON keeps it."""

from __future__ import annotations

import json

import pytest

from model.spec import GeneratorSpec, SpecError

GOOD = {"architecture": "dcgan", "img_resolution": 64}


def from_fields(**fields: object) -> GeneratorSpec:
    return GeneratorSpec.from_json(json.dumps({**GOOD, **fields}))


def test_json_keeps_every_field() -> None:
    spec = GeneratorSpec("dcgan", 128, 4, z_dim=17, num_classes=5, base_channels=9)
    assert GeneratorSpec.from_json(spec.to_json()) == spec
    assert json.loads(spec.to_json()) == {
        "architecture": "dcgan",
        "img_resolution": 128,
        "img_channels": 4,
        "z_dim": 17,
        "num_classes": 5,
        "base_channels": 9,
    }


def test_it_is_conditional_exactly_when_it_has_classes() -> None:
    assert not GeneratorSpec("dcgan", 16).is_conditional
    assert GeneratorSpec("dcgan", 16, num_classes=1).is_conditional


@pytest.mark.parametrize("side", [16, 32, 64, 128, 256])
def test_every_power_of_two_from_16_to_256_is_a_resolution(side: int) -> None:
    assert from_fields(img_resolution=side).img_resolution == side


@pytest.mark.parametrize("side", [0, 1, 8, 17, 48, 65, 255, 512, 2**40])
def test_any_other_resolution_is_refused(side: int) -> None:
    with pytest.raises(SpecError, match="img_resolution must be"):
        from_fields(img_resolution=side)


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [
        ("img_channels", 1, 4),
        ("z_dim", 1, 1024),
        ("num_classes", 0, 1000),
        ("base_channels", 1, 512),
    ],
)
def test_the_bounds_are_inside_and_one_past_them_is_named(field: str, low: int, high: int) -> None:
    assert getattr(from_fields(**{field: low}), field) == low
    assert getattr(from_fields(**{field: high}), field) == high
    for value in (low - 1, high + 1, 10**9, -(10**30)):
        with pytest.raises(SpecError, match=f"{field} must be a whole number from {low} to {high}"):
            from_fields(**{field: value})


@pytest.mark.parametrize("value", [True, 64.0, "64", None, [64], {}, float("nan")])
def test_only_whole_numbers_are_numbers(value: object) -> None:
    for field in ("img_resolution", "base_channels", "num_classes"):
        with pytest.raises(SpecError, match=field):
            from_fields(**{field: value})


@pytest.mark.parametrize("value", [3, None, ["dcgan"], {}])
def test_the_architecture_is_a_string(value: object) -> None:
    with pytest.raises(SpecError, match="architecture must be a string"):
        from_fields(architecture=value)


def test_missing_and_unknown_fields_are_named() -> None:
    with pytest.raises(SpecError, match="lacks architecture, img_resolution"):
        GeneratorSpec.from_json("{}")
    with pytest.raises(SpecError, match="unknown fields: depth, width"):
        from_fields(width=1, depth=2)


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[" * 100_000, "9" * 5000])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="is not JSON"):
        GeneratorSpec.from_json(text)


@pytest.mark.parametrize("text", ["[]", "7", '"dcgan"', "null"])
def test_json_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="not a JSON object"):
        GeneratorSpec.from_json(text)

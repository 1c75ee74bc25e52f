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


@pytest.mark.parametrize("side", [0, 1, 8, 12, 17, 65, 72, 144, 255, 512, 2**40])
def test_any_other_resolution_is_refused(side: int) -> None:
    with pytest.raises(SpecError, match="img_resolution must be"):
        from_fields(img_resolution=side)


def doublings_by_search(height: int, width: int) -> int:
    """Return the largest legal k by trying all, 0 for none."""
    reached = [
        k
        for k in range(2, 9)
        for a in range(3, 8)
        for b in range(3, 8)
        if (a * 2**k, b * 2**k) == (height, width)
    ]
    return max(reached, default=0)


def test_a_size_is_legal_exactly_if_both_sides_are_3_to_7_doubled_equally_often() -> None:
    legal = set()
    for height in range(16, 257, 4):
        for width in range(16, 257, 4):
            k = doublings_by_search(height, width)
            if not k:
                with pytest.raises(SpecError, match=r"cannot be had|doubled at least twice"):
                    from_fields(img_resolution=height, img_width=width)
                continue
            spec = from_fields(img_resolution=height, img_width=width)
            assert spec.img_size == (height, width)
            assert spec.pixels_shape == (height, width, 3)
            assert spec.doublings == k
            assert spec.first_size == (height // 2**k, width // 2**k)
            legal.add((height, width))
    assert {(96, 64), (64, 48), (48, 48), (28, 28), (48, 112)} <= legal
    assert not {(64, 16), (256, 64), (72, 72), (44, 44)} & legal


@pytest.mark.parametrize(
    ("side", "nearest"), [(50, "48 and 56"), (17, "16 and 20"), (255, "224 and 256")]
)
def test_a_side_that_cannot_be_had_is_told_the_nearest_below_and_above(
    side: int, nearest: str
) -> None:
    with pytest.raises(SpecError, match=f"not {side}: the nearest are {nearest}$"):
        from_fields(img_resolution=side)


@pytest.mark.parametrize("size", [(50, 64), (64, 16), (17, 255), (200, 30)])
def test_a_size_that_cannot_be_had_is_told_the_nearest_that_can(size: tuple[int, int]) -> None:
    sides = range(16, 257)
    legal = [(h, w) for h in sides for w in sides if doublings_by_search(h, w)]
    least = min(abs(h - size[0]) + abs(w - size[1]) for h, w in legal)
    with pytest.raises(SpecError, match="cannot be had") as raised:
        from_fields(img_resolution=size[0], img_width=size[1])
    height, width = map(int, str(raised.value).rsplit(" is ", 1)[1].split(" x "))
    assert (height, width) in legal
    assert abs(height - size[0]) + abs(width - size[1]) == least


@pytest.mark.parametrize("value", [15, 257, 0, -64, True, 64.0, "64", [64]])
def test_a_width_is_a_whole_number_within_bounds(value: object) -> None:
    with pytest.raises(SpecError, match="img_width must be a whole number from 16 to 256"):
        from_fields(img_width=value)


def test_a_square_is_written_in_one_way() -> None:
    assert GeneratorSpec("dcgan", 64, img_width=64) == GeneratorSpec("dcgan", 64)
    assert from_fields(img_width=None).img_size == (64, 64)


def test_what_an_older_version_can_read_is_written_as_it_did() -> None:
    assert GeneratorSpec("dcgan", 64, img_width=64).to_json() == (
        '{"architecture": "dcgan", "base_channels": 64, "img_channels": 3, '
        '"img_resolution": 64, "num_classes": 0, "z_dim": 100}'
    )


def test_json_keeps_the_fields_that_came_later() -> None:
    spec = GeneratorSpec("upsample", 96, img_width=64, attention_resolution=12)
    assert json.loads(spec.to_json())["img_width"] == 64
    assert GeneratorSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize(
    ("size", "legal"),
    [
        ((64, 64), {4, 8, 16, 32}),
        ((96, 64), {6, 12, 24}),  # 48 x 32 places are too many
        ((28, 28), {7, 14}),  # 28 is the image itself
        ((256, 256), {4, 8, 16, 32}),
    ],
)
def test_attention_is_where_there_are_features_and_at_most_1024_places(
    size: tuple[int, int], legal: set[int]
) -> None:
    sides = {"img_resolution": size[0], "img_width": size[1]}
    for height in range(-1, 300):
        if height in legal:
            assert from_fields(**sides, attention_resolution=height).attention_resolution == height
        else:
            with pytest.raises(SpecError, match="attention_resolution must be the height of some"):
                from_fields(**sides, attention_resolution=height)


@pytest.mark.parametrize("value", [True, 16.0, "16", [16], float("nan")])
def test_attention_is_at_a_whole_number(value: object) -> None:
    with pytest.raises(SpecError, match="attention_resolution must be"):
        from_fields(attention_resolution=value)


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

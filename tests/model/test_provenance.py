"""Claims on the record of where a checkpoint comes from."""

from __future__ import annotations

import json
import math

import pytest

from model.provenance import Provenance


def test_json_keeps_every_field() -> None:
    provenance = Provenance(
        preset="dcgan",
        dataset="faces",
        licence="CC0-1.0",
        credit="L. Isa Wéinreich \u2665",
        images_seen=123,
        seed=4,
        git_commit="abc",
        software="ganloom 1, torch 2",
        scores={"diversity": 0.9, "count": 3},
    )
    assert Provenance.from_json(provenance.to_json()) == provenance
    assert "\n" not in provenance.to_json()


def test_fields_that_are_not_given_are_empty() -> None:
    assert Provenance.from_json("{}") == Provenance()


def test_a_score_may_be_not_a_number() -> None:
    scores = Provenance.from_json(Provenance(scores={"fid": math.nan}).to_json()).scores
    assert math.isnan(scores["fid"])


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"author": "x"}, "author"),
        ({"preset": 3}, "preset"),
        ({"images_seen": "3"}, "images_seen"),
        ({"images_seen": 3.0}, "images_seen"),
        ({"seed": True}, "seed"),
        ({"scores": []}, "scores"),
        ({"scores": {"fid": "low"}}, "fid"),
        ({"scores": {"fid": None}}, "fid"),
    ],
)
def test_an_unknown_or_ill_typed_field_is_named(fields: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Provenance.from_json(json.dumps(fields))


@pytest.mark.parametrize("text", ["[]", "null", "3", "{"])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expecting"):
        Provenance.from_json(text)

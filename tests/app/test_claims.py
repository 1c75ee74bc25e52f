"""Claims on claims: what is written is read back as the same request, and nothing is believed."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from app.claims import Claim, parse_claim
from app.image_encoding import ImageFormat
from app.latent_sources import Sweep
from app.render_plan import LatentRows, Seeds, Walk

DIGEST = "0" * 64
SWEEP = {"direction": "glasses", "start": -1.5, "stop": 2, "steps": 7}
WALK = {"steps": 5, "method": "lerp", "easing": "ease"}


def claim(**fields: object) -> Claim | None:
    return parse_claim(json.dumps({"digest": DIGEST, **fields}))


def packed(*numbers: float) -> str:
    return base64.b64encode(np.array(numbers, "<f4").tobytes()).decode()


def test_a_latent_comes_back_bit_for_bit() -> None:
    z = np.random.default_rng(0).standard_normal(100).astype(np.float32)
    read = claim(z=packed(*z.tolist()), label=2)
    assert read
    request = read.to_request(ImageFormat.PNG)
    assert isinstance(request.source, LatentRows)
    assert np.array(request.source.z, np.float32)[0].tobytes() == z.tobytes()
    assert (request.label, request.digest, request.layout) == (2, DIGEST, "single")


def test_seeds_and_walks_come_back() -> None:
    grid = claim(seeds=[1, 2, 5], layout="grid", truncation=0.5)
    assert grid
    assert grid.to_request(ImageFormat.PNG).source == Seeds((1, 2, 5))
    assert grid.to_request(ImageFormat.PNG).truncation == 0.5
    walk = {"steps": 7, "method": "lerp", "easing": "ease"}
    strip = claim(seeds=[1, 2], layout="strip", walk=walk)
    assert strip
    assert strip.to_request(ImageFormat.PNG).source == Walk((1, 2), 7, "lerp", "ease")


def test_edits_and_sweeps_come_back() -> None:
    still = claim(seeds=[1], edits={"sefa-2": 0, "glasses": -2.5, "beard": 1})
    assert still
    assert still.to_request(ImageFormat.PNG).edits == (("beard", 1.0), ("glasses", -2.5))
    strip = claim(seeds=[1], layout="strip", sweep=SWEEP)
    assert strip
    assert strip.to_request(ImageFormat.PNG).source == Sweep(1, "glasses", -1.5, 2, 7)
    eased = claim(
        seeds=[1], layout="strip", sweep={**SWEEP, "easing": "ease", "through": [-1.5, 0, 2]}
    )
    assert eased
    source = Sweep(1, "glasses", -1.5, 2, 7, "ease", (-1.5, 0, 2))
    assert eased.to_request(ImageFormat.PNG).source == source


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "[]", "null", "{}", '{"digest": "short", "seeds": [1]}', "[" * 90_000),
        json.dumps({"digest": DIGEST, "seeds": [-1]}),
        json.dumps({"digest": DIGEST, "seeds": [2**53]}),
        json.dumps({"digest": DIGEST, "seeds": []}),
        json.dumps({"digest": DIGEST, "seeds": [1] * 5000}),
        json.dumps({"digest": DIGEST, "seeds": [1], "truncation": 2}),
        json.dumps({"digest": DIGEST, "seeds": [1], "layout": "zip"}),
        json.dumps({"digest": DIGEST, "seeds": [1], "edits": {"a/b": 1}}),
        json.dumps({"digest": DIGEST, "seeds": [1], "edits": {"glasses": 41}}),
        json.dumps(
            {"digest": DIGEST, "seeds": [1], "edits": dict.fromkeys(map(str, range(257)), 1)}
        ),
        json.dumps({"digest": DIGEST, "software": "x" * 200_000}),
        '{"digest": "' + DIGEST + '", "seeds": [1], "truncation": NaN}',
        "\ud800",
    ],
)
def test_what_is_no_claim_is_none(text: str) -> None:
    assert parse_claim(text) is None


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"seeds": [1, 2]},
        {"z": "!!!!"},
        {"z": packed(float("nan"), 1)},
        {"z": packed(float("inf"))},
        {"z": "AAAA"},
        {"z": packed(1), "layout": "grid"},
        {"seeds": [1, 2], "layout": "strip"},
        {"seeds": [1], "layout": "strip", "walk": WALK},
        {"seeds": [1], "walk": WALK},
        {"seeds": [1], "sweep": SWEEP},
        {"seeds": [1, 2], "layout": "strip", "sweep": SWEEP},
        {"seeds": [1, 2], "layout": "strip", "sweep": SWEEP, "walk": WALK},
        {"seeds": [1, 2], "sweep": SWEEP, "walk": WALK, "layout": "grid"},
    ],
)
def test_a_claim_that_cannot_be_rendered_is_refused(fields: dict[str, object]) -> None:
    read = claim(**fields)
    assert read
    with pytest.raises(ValueError, match=r"."):
        read.to_request(ImageFormat.PNG)

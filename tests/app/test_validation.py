"""A request of the wrong shape is told what to send instead, over a socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.schemas import GenerateBody, MixQuery
from app.validation import find_near


@pytest.fixture
def http(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address) as client:
        yield client


def told(answer: httpx.Response) -> dict[str, str]:
    """Return what is said of each field of a 422."""
    assert answer.status_code == 422, answer.text
    return {error["field"]: error["detail"] for error in answer.json()["errors"]}


@pytest.mark.parametrize(
    ("body", "field", "detail"),
    [
        ({"sead": 7}, "sead", "there is no field sead; did you mean seed?"),
        ({"SEED": 7}, "SEED", "there is no field SEED; did you mean seed?"),
        (
            {"mixes": [{"terms": [{"seeds": [1]}, {"seeds": [2], "wieght": 2}]}]},
            "mixes.0.terms.1.wieght",
            "there is no field wieght; did you mean weight?",
        ),
        (
            {"mixes": [{"terms": [{"seeds": [1]}], "zzz": 1}]},
            "mixes.0.zzz",
            "there is no field zzz; the fields are terms, rescale",
        ),
    ],
)
def test_an_unknown_field_is_told_the_near_one_of_its_own_object(
    http: httpx.Client, body: dict[str, Any], field: str, detail: str
) -> None:
    answer = http.post("/generate", json=body)
    assert told(answer) == {field: detail}
    assert answer.json()["detail"] == f"{field}: {detail}"


@pytest.mark.parametrize(
    ("address_asked", "field", "detail"),
    [
        ("/images/7.png?trunc=0.5", "trunc", "did you mean truncation?"),
        ("/interpolate?start=1&end=2&step=3", "step", "did you mean steps?"),
        ("/avatar/x.png?background=000000", "background", "did you mean backgroundColor?"),
        ("/explore?seed=1&direction=sefa-1&frm=1", "frm", "did you mean from?"),
        ("/mix?plus=1&psi=0.5", "psi", f"the parameters are {', '.join(MixQuery.model_fields)}"),
    ],
)
def test_an_unknown_parameter_is_told_the_near_one_by_the_name_that_a_url_has(
    http: httpx.Client, address_asked: str, field: str, detail: str
) -> None:
    said = told(http.get(address_asked))
    assert said == {field: f"there is no parameter {field}; {detail}"}


def test_a_field_unlike_all_is_told_every_field(http: httpx.Client) -> None:
    names = ", ".join(GenerateBody.model_fields)
    assert told(http.post("/generate", json={"xyzzy": 1})) == {
        "xyzzy": f"there is no field xyzzy; the fields are {names}"
    }


def test_a_long_unknown_field_is_cut_and_likened_to_none(http: httpx.Client) -> None:
    (detail,) = told(http.post("/generate", json={"seed" * 10_000: 1})).values()
    assert detail.startswith(f"there is no field {'seed' * 10}...; the fields are model, n, ")


def test_a_name_that_is_near_to_several_is_the_nearest() -> None:
    assert find_near("seeds", ["seed", "seeds", "speed"]) == "seeds"
    assert find_near("sees", ["speed", "seed"]) == "seed"
    assert find_near("model", ["seed"]) is None


@pytest.mark.parametrize(
    ("path", "body", "example", "fault"),
    [
        ("/generate", "n=5&seed=3", '{"n": 5}', "expected ident at line 1 column 2"),
        ("/generate", '{"n":\n 5', '{"n": 5}', "EOF while parsing an object at line 2 column 2"),
        ("/v1/images/generations", "seed 7", '{"prompt": "seed 7"}', "at line 1 column 1"),
    ],
)
def test_what_is_not_json_is_told_an_example_and_where_it_fails(
    http: httpx.Client, path: str, body: str, example: str, fault: str
) -> None:
    answer = http.post(path, content=body)
    native = path == "/generate"
    said = answer.json()["detail"] if native else answer.json()["error"]["message"]
    assert answer.status_code == (422 if native else 400)
    assert said.startswith(f"body: send JSON, such as {example}: ")
    assert said.endswith(fault)


@pytest.mark.parametrize("body", ['{"n": 5}', '{"prompt": "seed 7"}'])
def test_the_examples_are_served(http: httpx.Client, body: str) -> None:
    path = "/generate" if "n" in body.split('"') else "/v1/images/generations"
    assert http.post(path, content=body).status_code == 200


def test_json_without_an_example_is_asked_for_plainly(http: httpx.Client) -> None:
    said = told(http.post("/models/faces/neighbours", content="seed=7"))["body"]
    assert said == "send JSON: expected value at line 1 column 1"

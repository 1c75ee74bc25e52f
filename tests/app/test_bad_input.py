"""Every field with what it must not hold: a 4xx names it, and the next answer is right."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio

HUGE = 10**400
WRONG_TYPES = ["x", True, 1.5, [], {}, [[1]], {"a": 1}]

# field -> what it must not be, sent as JSON to /generate
GENERATE: dict[str, list[Any]] = {
    "model": ["nobody", "", "a\x00b", "../faces", "x" * 129, "\u202e", 1, True, [], {}, 1.5],
    "n": [0, -1, 257, 2**20, 2**63, HUGE, 1.5, "1", True, [], {}],
    "seed": [-1, 2**53, HUGE, 1.5, "1", True, [], {}, 1e300],
    "seeds": [[], [-1], [2**53], [1, "2"], [True], [1.5], [HUGE], [None], [[]], "1", 1, {}, True],
    "latents": [
        *([], [[]], [1], [["x"]], [[None]], [[True] * 8], [[HUGE] * 8], "x", 1, {}, True),
        *([[0] * 7], [[0] * 9], [[0] * 8, [0] * 7], [[11] + [0] * 7], [[-1e30] + [0] * 7]),
        [[0] * 8] * 257,
    ],
    "label": [0, "cat", "x" * 200, -1, HUGE, 1.5, True, [], {}],
    "truncation": [-0.1, 1.1, HUGE, -HUGE, "1", True, [], {}],
    "format": ["gif", "PNG", "", 1, True, [], {}],
    "layout": ["strip", "animation", "", 1, True, [], {}],
    "provenance": [1, 0, "true", [], {}],
    "edits": [[], 1, True, {"hat": 1}, {"sefa-1": HUGE}, {"\u202e": 1}, {"sefa-1": None}],
    "mixes": [[], {}, "1+2", [[]], [{}], [{"terms": []}], [{"terms": [{"seeds": [HUGE]}]}]],
    "sead": [1, None],
}
# the same, written out, for what Python's own writer will not write
GENERATE_TEXT = {
    "seed": ["NaN", "Infinity", "-Infinity", "1e400", "1.0", "0.5e1"],
    "n": ["NaN", "1e400", "-0.0"],
    "truncation": ["NaN", "Infinity", "1e400", "-1e400"],
    "latents": ["[[NaN,0,0,0,0,0,0,0]]", "[[1e400,0,0,0,0,0,0,0]]", "[[0,0,0,0,0,0,0,-Infinity]]"],
    "seeds": ["[NaN]", "[1,1e400]"],
}
PETS = [("label", value) for value in (3, -1, "bird", "3", "", "99999", HUGE, True, None)]

CACHEABLE = {
    "model": ["nobody", "", "%00", "x" * 129, "../faces", "%ff"],
    "digest": ["", "x", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "0" * 64 + "%0a"],
    "label": ["0", "cat", "x" * 200],
    "truncation": ["", "x", "nan", "inf", "-inf", "-0.1", "1.1", "1e400", "9" * 5000],
    "edits": ["", "x", "sefa-1:", "sefa-1:nan", "hat:1", "%00:1", "%ff:1", "x:" + "9" * 5000],
    "sead": ["1"],
}
INTERPOLATE = CACHEABLE | {
    "start": ["", "x", "-1", str(2**53), "1.5", "nan", "1e3", "9" * 5000],
    "end": ["", "x", "-1", str(2**53), "true"],
    "steps": ["", "x", "0", "1", "-5", "513", "1.5", "nan", "9" * 5000, str(2**63)],
    "method": ["", "linear", "SLERP"],
    "format": ["", "jpeg", "PNG", "%00"],
    "easing": ["", "linear ", "cubic-bezier(0,0,1,1)", "EASE", "bounce"],
    "fps": ["", "0", "61", "-1", "29.97", "nan", "x", "9" * 5000],
    "frame_ms": ["", "0", "9", "10001", "1e3", "x"],
    "loop": ["", "-1", "65536", "1.5", "true"],
}
SEEDS = ["", "1", "1,", ",1", "1,,2", "1,x", "1,-2", "1, 2", str(2**53) + ",1", "9" * 40 + ",1"]
IMAGES = ["x.png", "-1.png", "1.5.png", f"{2**53}.png", "9" * 5000 + ".png", "%00.png", "%ff.png"]
EXTENSIONS = ["1.gif", "1.PNG", "1.png.gif", "1.%00", "1.jpeg"]


@pytest.fixture
async def checked(client: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """A client that answers rightly before and after the test."""
    before = await client.get("/images/1.png")
    yield client
    after = await client.get("/images/1.png")
    assert (after.status_code, after.content) == (200, before.content)


def assert_names(answer: httpx.Response, field: str, status: int | None = None) -> None:
    """Check a problem document that names `field` and gives nothing away."""
    assert answer.status_code in ([status] if status else [404, 422]), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    named = [error["field"].split(".")[0] for error in problem["errors"]]
    assert field in named, problem
    assert all(error["pointer"].startswith("#/") for error in problem["errors"])
    assert len(answer.content) < 4000
    for secret in ("Traceback", "site-packages", ".py", "/tmp", "safetensors"):
        assert secret not in answer.text


def each(cases: dict[str, list[Any]]) -> list[Any]:
    return [
        pytest.param(field, value, id=f"{field}={str(value)[:20]!a}")
        for field, values in cases.items()
        for value in values
    ]


@pytest.mark.parametrize(("field", "value"), each(GENERATE))
async def test_generate_names_the_field(
    checked: httpx.AsyncClient, field: str, value: object
) -> None:
    body: dict[str, object] = {field: value}
    if field == "n" and isinstance(value, int):
        body["seed"] = 1
    assert_names(await checked.post("/generate", json=body), field)


@pytest.mark.parametrize(("field", "text"), each(GENERATE_TEXT))
async def test_generate_names_the_field_of_a_number_that_is_none(
    checked: httpx.AsyncClient, field: str, text: str
) -> None:
    assert_names(await checked.post("/generate", content=f'{{"{field}": {text}}}'), field)


@pytest.mark.parametrize(("field", "value"), PETS)
async def test_generate_names_a_label_that_the_model_does_not_have(
    checked: httpx.AsyncClient, field: str, value: object
) -> None:
    body = {"model": "pets", "latents": [[0, 0, 0, 0]], field: value}
    assert_names(await checked.post("/generate", json=body), field)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"seed": 1, "seeds": [1]}, "seeds"),
        ({"seed": 1, "latents": [[0] * 8]}, "latents"),
        ({"seeds": [1], "latents": [[0] * 8]}, "latents"),
        ({"seeds": [1], "n": 1}, "n"),
        ({"latents": [[0] * 8], "n": 1}, "n"),
        ({"seed": 2**53 - 1, "n": 2}, "seed"),
        ({"seed": 1, "n": 2, "layout": "single"}, "layout"),
        ({"seeds": [1] * 257}, "seeds"),
    ],
)
async def test_generate_names_one_of_two_fields_that_do_not_go_together(
    checked: httpx.AsyncClient, body: dict[str, object], field: str
) -> None:
    assert_names(await checked.post("/generate", json=body), field, 422)


BROKEN_BODIES = {
    "truncated": b'{"seed": 7',
    "no json": b"seed=7",
    "two documents": b'{"seed": 7} {}',
    "list": b"[]",
    "number": b"7",
    "null": b"null",
    "text": b'"seed"',
    "not utf-8": b'{"model": "\xff\xfe"}',
    "lone surrogate": b'{"model": "\\ud800"}',
    "surrogate key": b'{"\\ud800": 1}',
    "nul": b"\x00",
    "byte order mark": b'\xef\xbb\xbf{"seed": 7}',
    "utf-16": '{"seed": 7}'.encode("utf-16"),
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep latents": b'{"latents":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "long number": b'{"seed": 1' + b"0" * 5000 + b"}",
    "long fraction": b'{"truncation": 0.' + b"x" * 5000 + b"}",
    "pickle": b"\x80\x04K\x07.",
}


@pytest.mark.parametrize("body", BROKEN_BODIES.values(), ids=BROKEN_BODIES.keys())
async def test_a_broken_body_is_named(checked: httpx.AsyncClient, body: bytes) -> None:
    answer = await checked.post("/generate", content=body)
    assert_names(answer, "body", 422)


async def test_a_long_unknown_key_is_not_echoed(checked: httpx.AsyncClient) -> None:
    answer = await checked.post("/generate", json={"k" * 500_000: 1})
    assert answer.status_code == 422
    assert len(answer.content) < 2000


async def test_many_wrong_values_do_not_make_a_long_answer(checked: httpx.AsyncClient) -> None:
    many = {f"k{number}": number for number in range(50_000)}
    answer = await checked.post("/generate", json=many)
    assert answer.status_code == 422
    assert len(answer.content) < 10_000


async def test_a_body_that_says_it_is_too_long_is_a_413(checked: httpx.AsyncClient) -> None:
    answer = await checked.post("/generate", content=b" " * 50_000_000)
    assert_names(answer, "body", 413)


async def test_a_chunked_body_that_grows_too_long_is_a_413(checked: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5000):
            yield b" " * 1000

    assert_names(await checked.post("/generate", content=chunks()), "body", 413)


async def test_a_body_of_just_the_limit_is_read(checked: httpx.AsyncClient) -> None:
    body = json.dumps({"seed": 1}).encode().ljust(2**20)
    assert (await checked.post("/generate", content=body)).status_code == 200


async def test_a_compressed_body_is_a_415(checked: httpx.AsyncClient) -> None:
    body = gzip.compress(b'{"seed": 1}')
    answer = await checked.post("/generate", content=body, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("field", "text"), each(INTERPOLATE))
async def test_interpolate_names_the_field(
    checked: httpx.AsyncClient, field: str, text: str
) -> None:
    query = {"start": "1", "end": "2", field: text}
    address = "&".join(f"{name}={value}" for name, value in query.items())
    assert_names(await checked.get(f"/interpolate?{address}"), field)


@pytest.mark.parametrize("text", SEEDS)
async def test_interpolate_names_seeds(checked: httpx.AsyncClient, text: str) -> None:
    assert_names(await checked.get(f"/interpolate?seeds={text}"), "seeds", 422)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "start"),
        ("start=1", "end"),
        ("end=1", "start"),
        ("seeds=1,2&start=1", "start"),
        ("seeds=1,2&end=1", "end"),
        ("seeds=1,2,3,4&steps=3", "steps"),
    ],
)
async def test_interpolate_names_what_is_missing_or_too_much(
    checked: httpx.AsyncClient, query: str, field: str
) -> None:
    assert_names(await checked.get(f"/interpolate?{query}"), field, 422)


@pytest.mark.parametrize(("field", "text"), each(CACHEABLE))
async def test_images_names_the_field(checked: httpx.AsyncClient, field: str, text: str) -> None:
    assert_names(await checked.get(f"/images/7.png?{field}={text}"), field)


@pytest.mark.parametrize("name", IMAGES)
async def test_images_names_the_seed(checked: httpx.AsyncClient, name: str) -> None:
    assert_names(await checked.get(f"/images/{name}"), "seed", 422)


@pytest.mark.parametrize("name", EXTENSIONS)
async def test_images_names_the_extension(checked: httpx.AsyncClient, name: str) -> None:
    assert_names(await checked.get(f"/images/{name}"), "extension", 422)


@pytest.mark.parametrize("name", ["nobody", "%00", "%ff", "..%2ffaces", "x" * 3000])
async def test_models_names_the_model(checked: httpx.AsyncClient, name: str) -> None:
    answer = await checked.get(f"/models/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *[("GET", path, 404) for path in ("/nobody", "/images/7", "/models/a/b", "/%00")],
        *[("PUT", path, 405) for path in ("/generate", "/images/7.png", "/models", "/livez")],
        *[("GET", "/generate", 405), ("POST", "/interpolate", 405), ("BREW", "/generate", 405)],
    ],
)
async def test_a_wrong_address_or_method_is_a_problem_document(
    checked: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await checked.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (status == 405) == ("allow" in answer.headers)


@pytest.mark.parametrize(
    "header",
    [
        *[
            ("Accept", value)
            for value in (";;;", "image/png;q=x", "a/b;q=", ",", "\xff", "*" * 9999)
        ],
        *[("If-None-Match", value) for value in ('"' * 9999, "W/" * 9999, "\xff\xfe", "*, *")],
        *[("Range", "bytes=5-1"), ("Host", ""), ("Content-Length", "0"), ("Cookie", "\xff")],
    ],
)
async def test_odd_headers_never_make_an_error_of_the_server(
    checked: httpx.AsyncClient, header: tuple[str, str]
) -> None:
    raw = [(header[0].encode("latin-1"), header[1].encode("latin-1"))]
    for url in ("/images/7.png", "/interpolate?start=1&end=2", "/models", "/"):
        assert (await checked.get(url, headers=raw)).status_code in (200, 304, 406)

"""What OpenAPI says is what the service does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest

from app.main import create_app
from app.settings import Settings

pytestmark = pytest.mark.anyio

FOR_PYTHON_ALONE = {"ge", "le", "gt", "lt", "min_length", "max_length", "multiple_of"}


@pytest.fixture(scope="module")
def described(settings: Settings) -> dict[str, Any]:
    return create_app(settings).openapi()


def list_schemas(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "type" in node:
            yield node
        for value in node.values():
            yield from list_schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from list_schemas(value)


def test_every_bound_is_written_as_json_schema_has_it(described: dict[str, Any]) -> None:
    schemas = list(list_schemas(described))
    assert len(schemas) > 300
    assert [schema for schema in schemas if FOR_PYTHON_ALONE & set(schema)] == []


@pytest.mark.parametrize(
    ("name", "fields"),
    [("NeighboursBody", ["seed", "latent"]), ("TermBody", ["seeds", "latent", "direction"])],
)
def test_fields_that_exclude_each_other_do_so_in_the_schema(
    described: dict[str, Any], name: str, fields: list[str]
) -> None:
    values: dict[str, Any] = {"seed": 1, "seeds": [1], "latent": [0.5], "direction": "sefa-1"}
    schema = described["components"]["schemas"][name]
    nothing = dict.fromkeys(fields)
    for field in fields:
        for body in ({field: values[field]}, {**nothing, field: values[field]}):
            jsonschema.validate(body, schema)
    two = {field: values[field] for field in fields[:2]}
    for body in ({}, nothing, two):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(body, schema)


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        *[("/jobs/x", "GET, DELETE"), ("/images/7.png", "GET, HEAD"), ("/generate", "POST")],
        *[("/models", "GET"), ("/v2/models/stats", "GET"), ("/", "GET, HEAD")],
    ],
)
async def test_a_405_lists_every_method_of_the_path(
    client: httpx.AsyncClient, path: str, methods: str
) -> None:
    for method in ("PATCH", "OPTIONS"):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, methods)

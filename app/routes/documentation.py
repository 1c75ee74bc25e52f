"""What OpenAPI says beyond what the signatures say: every status and media type."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app.dialects.inference_schemas import IndexRequest, InferenceError, InferRequest
from app.dialects.openai_schemas import ImagesRequest, OpenAIError
from app.errors import PROBLEM_MEDIA_TYPE
from app.image_encoding import ImageFormat
from app.latent_schemas import NeighboursBody
from app.schemas import GenerateBody, GeneratedImages, Problem

Responses = dict[int | str, dict[str, Any]]

_REF = "#/components/schemas/"
_OCTETS = "application/octet-stream"
_BINARY = {"type": "string", "format": "binary"}
_IMAGE_HEADERS = {
    "X-Ganloom-Model": "the model's name",
    "X-Ganloom-Digest": "sha256 of the model's checkpoint",
    "X-Ganloom-Seeds": "the seeds, as 1-4,9; with best_of those that won",
    "X-Ganloom-Batch": "images in the forward pass that made this one",
    "Server-Timing": "queue, forward and encode, in ms",
}
_CACHE_HEADERS = {
    "ETag": "strong; made before any work, so a match costs nothing",
    "Cache-Control": "immutable where the URL names the digest",
}


def answers(*media_types: str, is_cacheable: bool = False) -> Responses:
    """Document the image answers of a route."""
    headers = _IMAGE_HEADERS | (_CACHE_HEADERS if is_cacheable else {})
    content: dict[str, Any] = {media_type: {"schema": _BINARY} for media_type in media_types}
    if "application/json" in content:
        content["application/json"] = {"schema": {"$ref": f"{_REF}GeneratedImages"}}
    documented: Responses = {
        200: {
            "description": "The images",
            "content": content,
            "headers": {
                name: {"description": text, "schema": {"type": "string"}}
                for name, text in headers.items()
            },
        }
    }
    if is_cacheable:
        documented[304] = {"description": "Not modified"}
    return documented


def problems(*statuses: int) -> Responses:
    """Document the problem documents of a route."""
    return errors("Problem", PROBLEM_MEDIA_TYPE, *statuses)


def errors(schema: str, media_type: str, *statuses: int) -> Responses:
    """Document answers of these statuses, written as `schema`."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {media_type: {"schema": {"$ref": _REF + schema}}},
            **(
                {"headers": {"Retry-After": {"schema": {"type": "integer"}}}}
                if status == 429
                else {}
            ),
        }
        for status in statuses
    }


RENDER_PROBLEMS = problems(404, 422, 429, 500, 503, 504)

GENERATE_BODY = {
    "requestBody": {
        "description": "An empty body is an empty object.",
        "required": False,
        "content": {"application/json": {"schema": {"$ref": f"{_REF}GenerateBody"}}},
    }
}

NEIGHBOURS_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": f"{_REF}NeighboursBody"}}},
    }
}


def picture_body() -> dict[str, Any]:
    """Document a body that is the file of a picture."""
    types = [image_format.media_type for image_format in ImageFormat]
    content = {media_type: {"schema": _BINARY} for media_type in [*types, _OCTETS]}
    return {"requestBody": {"description": "The file.", "required": True, "content": content}}


def json_body(schema: str, is_required: bool = True) -> dict[str, Any]:
    """Document a body that a route reads by itself."""
    content = {"application/json": {"schema": {"$ref": _REF + schema}}}
    return {"requestBody": {"required": is_required, "content": content}}


def document(app: FastAPI) -> None:
    """Make `app` describe itself, with the schemas that no signature mentions."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            _, definitions = models_json_schema(
                [
                    (GenerateBody, "validation"),
                    (NeighboursBody, "validation"),
                    (GeneratedImages, "serialization"),
                    (Problem, "serialization"),
                    (ImagesRequest, "validation"),
                    (OpenAIError, "serialization"),
                    (InferRequest, "validation"),
                    (IndexRequest, "validation"),
                    (InferenceError, "serialization"),
                ],
                ref_template=_REF + "{model}",
            )
            schemas = described.setdefault("components", {}).setdefault("schemas", {})
            schemas |= definitions["$defs"]
            _forget_validation_errors(described)
            _add_malformed(described)
            app.openapi_schema = described
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _forget_validation_errors(described: dict[str, Any]) -> None:
    """Drop FastAPI's own 422, which it adds to whatever takes a parameter and documents none."""
    for operation in (item for path in described["paths"].values() for item in path.values()):
        if "HTTPValidationError" in str(operation["responses"].get("422")):
            del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        described["components"]["schemas"].pop(name, None)


def _add_malformed(described: dict[str, Any]) -> None:
    """Add to every operation what the server answers before it asks the app."""
    for operation in (item for path in described["paths"].values() for item in path.values()):
        [answer] = problems(400).values()
        known = operation["responses"].setdefault("400", answer)
        known["content"] = known["content"] | answer["content"]

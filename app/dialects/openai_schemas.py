"""Wire types of OpenAI's image and model endpoints."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from app.errors import ServiceError, UnknownModel

_MAX_TEXT = 1500  # holds the names of some forty attributes
_MAX_PROMPT = 1000


class ImagesRequest(BaseModel):
    """POST /v1/images/generations: a prompt that names a class, attributes, a seed."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)

    prompt: Annotated[str, Field(min_length=1, max_length=_MAX_PROMPT)] = Field(
        description="such as `seed 7`, `a cat, seed 7`, `a face with glasses` or `random`",
        examples=["seed 7"],
    )
    model: Annotated[str, Field(min_length=1, max_length=128)] | None = Field(
        default=None, description="a name of /v1/models; none: the default"
    )
    n: Annotated[int, Field(ge=1, le=2**20)] | None = Field(
        default=None, description="how many: the seed, the next one, ..."
    )
    size: Annotated[str, Field(max_length=32)] | None = Field(
        default=None, description="`auto`, or the model's own as WIDTHxHEIGHT"
    )
    response_format: Literal["b64_json", "url"] | None = Field(
        default=None, description="`b64_json` where it is not said"
    )
    output_format: Literal["png", "jpeg", "webp"] | None = Field(
        default=None, description="`png` where it is not said"
    )
    quality: Literal["auto", "standard"] | None = Field(default=None, description="there is one")
    background: Literal["auto"] | None = Field(default=None, description="the model's own")
    moderation: Literal["auto", "low"] | None = Field(default=None, description="ignored")
    user: Annotated[str, Field(max_length=_MAX_PROMPT)] | None = Field(
        default=None, description="ignored"
    )


class OpenAIImage(BaseModel):
    """One image, as base64 or as a link to it."""

    b64_json: str | None = None
    url: str | None = Field(default=None, description="the same bytes, cacheable for good")
    revised_prompt: str = Field(description="the prompt that makes exactly this image again")


class ImagesResponse(BaseModel):
    """The images, in order of their seeds."""

    created: int
    data: list[OpenAIImage]
    output_format: Literal["png", "jpeg", "webp"]
    size: str


class OpenAIModel(BaseModel):
    """One model. When it was made is not known, so `created` is 0."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "ganloom"


class OpenAIModelList(BaseModel):
    """Every served model."""

    object: Literal["list"] = "list"
    data: list[OpenAIModel]


class OpenAIErrorBody(BaseModel):
    """What is wrong, and with which parameter."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    """An error, as OpenAI writes it."""

    error: OpenAIErrorBody


def write_openai_error(error: ServiceError) -> Response:
    """Write `error` in OpenAI's words, which know 400 where ganloom says 422."""
    body = OpenAIErrorBody(
        message=error.detail[:_MAX_TEXT],
        type="server_error" if error.status >= 500 else "invalid_request_error",
        param=error.fields[0][0][:_MAX_TEXT] if error.fields else None,
        code="model_not_found" if isinstance(error, UnknownModel) else None,
    )
    return Response(
        json.dumps({"error": body.model_dump()}).encode("ascii"),
        400 if error.status == 422 else error.status,
        {"Cache-Control": "no-store", **error.headers},
        "application/json",
    )

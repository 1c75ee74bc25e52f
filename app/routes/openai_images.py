"""POST /v1/images/generations and GET /v1/models: as OpenAI's clients ask."""

from __future__ import annotations

import base64
import secrets
import time
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from app.catalog import ServedGenerator
from app.dialects.openai_schemas import (
    ImagesRequest,
    ImagesResponse,
    OpenAIImage,
    OpenAIModel,
    OpenAIModelList,
)
from app.dialects.prompts import Prompt, read_prompt
from app.dialects.vocabulary import Vocabulary
from app.errors import InvalidRequest
from app.image_encoding import ImageFormat
from app.render_plan import RenderPlan, RenderRequest, Seeds
from app.routes.deadline import DEADLINE_HEADER, read_deadline_s
from app.routes.disconnection import run_unless_gone
from app.routes.documentation import errors, json_body
from app.routes.request_body import read_json_body
from app.routes.responses import identity_headers
from app.routes.service import CatalogOf, RendererOf, ServiceOf
from model.edits import write_edits
from model.latents import MAX_SEED

_RANDOM_SEEDS = 2**32  # short enough to be read out loud, as for /generate

router = APIRouter(tags=["openai"])


@router.post(
    "/v1/images/generations",
    summary="Generate images from a prompt",
    response_model=ImagesResponse,
    openapi_extra=json_body("ImagesRequest") | DEADLINE_HEADER,
    responses=errors(
        "OpenAIError", "application/json", 400, 404, 408, 413, 415, 429, 500, 503, 504
    ),
)
async def create_images(
    request: Request, service: ServiceOf, catalog: CatalogOf, renderer: RendererOf
) -> Response:
    """Make images of the class, attributes and seed that the prompt names.

    The same seed gives the same bytes as everywhere else; `revised_prompt` names it.
    """
    renderer.require_room()
    limit_s = read_deadline_s(request)
    asked = await read_json_body(request, ImagesRequest, service.settings)
    generator = catalog.find(asked.model)
    height, width = generator.spec.img_size
    size = f"{width}x{height}"
    if asked.size not in (None, "auto", size):
        raise InvalidRequest("size", f"this model makes {size}, which 'auto' stands for")
    prompt = read_prompt(asked.prompt, _words_of(generator))
    image_format = ImageFormat(asked.output_format or "png")
    plan = renderer.plan(_to_render(prompt, asked.n or 1, generator.name, image_format))
    files: list[bytes] | None = None
    if asked.response_format != "url":
        work = renderer.render_rows([plan], image_format, limit_s)
        files = [bytes(file) for file in (await run_unless_gone(request, work)).payloads]
    images = _list_images(str(request.base_url), plan, prompt, files)
    answer = ImagesResponse(
        created=int(time.time()),
        data=images,
        output_format=asked.output_format or "png",
        size=size,
    )
    return _json(answer, identity_headers(plan))


@router.get(
    "/v1/models",
    summary="List the models",
    response_model=OpenAIModelList,
    responses=errors("OpenAIError", "application/json", 503),
)
async def list_openai_models(catalog: CatalogOf) -> Response:
    """List every served model."""
    return _json(OpenAIModelList(data=[OpenAIModel(id=item.name) for item in catalog]))


@router.get(
    "/v1/models/{name}",
    summary="Describe a model",
    response_model=OpenAIModel,
    responses=errors("OpenAIError", "application/json", 404, 503),
)
async def show_openai_model(name: str, catalog: CatalogOf) -> Response:
    """Say that there is such a model."""
    return _json(OpenAIModel(id=catalog.find(name).name))


def _to_render(prompt: Prompt, count: int, model: str, image_format: ImageFormat) -> RenderRequest:
    """Ask for `count` images, a file each, from the prompt's seed on or from one drawn now."""
    first = secrets.randbelow(_RANDOM_SEEDS) if prompt.seed is None else prompt.seed
    if first + count - 1 > MAX_SEED:
        raise InvalidRequest("prompt", f"a seed is at most {MAX_SEED}")
    return RenderRequest(
        source=Seeds(range(first, first + count), field="n"),
        layout="single",
        image_format=image_format,
        model=model,
        label=prompt.label,
        truncation=prompt.truncation,
        edits=prompt.edits,
    )


def _words_of(generator: ServedGenerator) -> Vocabulary:
    return Vocabulary(generator.class_names, generator.directions.entries, generator.name)


def _list_images(
    base_url: str, plan: RenderPlan, prompt: Prompt, files: list[bytes] | None
) -> list[OpenAIImage]:
    """Tell each image as base64 or, without files, as a link to it."""
    words = _words_of(plan.generator)
    images = []
    for index, seed in enumerate(plan.seeds):
        revised = Prompt(seed, plan.label, prompt.truncation, prompt.edits).write(words)
        if files is None:
            image = OpenAIImage(url=_link(base_url, plan, seed), revised_prompt=revised)
        else:
            data = base64.b64encode(files[index]).decode("ascii")
            image = OpenAIImage(b64_json=data, revised_prompt=revised)
        images.append(image)
    return images


def _link(base_url: str, plan: RenderPlan, seed: int) -> str:
    """Name the image by the digest of its model, so that the link means it for good."""
    query: dict[str, str] = {"model": plan.generator.name, "digest": plan.generator.digest}
    if plan.label is not None:
        query["label"] = plan.generator.class_names[plan.label]
    if plan.request.truncation != 1.0:
        query["truncation"] = f"{plan.request.truncation:g}"
    if plan.request.edits:
        query["edits"] = write_edits(plan.request.edits)
    assert isinstance(plan.request.image_format, ImageFormat)
    extension = plan.request.image_format.extension
    return f"{base_url}images/{seed}.{extension}?{urlencode(query)}"


def _json(document: BaseModel, headers: dict[str, str] | None = None) -> Response:
    body = document.model_dump_json(exclude_none=True)
    return Response(body, headers=headers, media_type="application/json")

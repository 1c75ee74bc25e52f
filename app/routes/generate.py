"""POST /generate: images from seeds or explicit latents, in any layout."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Request, Response

from app.errors import InvalidRequest
from app.image_encoding import ImageFormat
from app.latent_sources import Mixes
from app.render_plan import LatentRows, RenderRequest, Seeds
from app.routes.deadline import DEADLINE_HEADER, read_deadline_s
from app.routes.disconnection import run_unless_gone
from app.routes.diversity import choose_diverse
from app.routes.documentation import GENERATE_BODY, RENDER_PROBLEMS, answers, problems
from app.routes.negotiation import choose_media_type
from app.routes.no_query import refuse_query
from app.routes.request_body import read_json_body
from app.routes.responses import rendering_response
from app.routes.service import Service, ServiceOf
from app.schemas import GenerateBody, GenerateLayout
from model.edits import make_edits

# A random seed is short enough to be read out loud.
_RANDOM_SEEDS = 2**32

_IN_THE_BODY = 'goes into the body as JSON, such as {"seed": 7}; this address takes no query'

_IMAGE_TYPES = [image_format.media_type for image_format in ImageFormat]
_SOURCES = ("seed", "seeds", "latents", "mixes")
_LAYOUT_TYPES: dict[str, GenerateLayout] = {
    "application/zip": "zip",
    "multipart/mixed": "multipart",
    "application/json": "json",
}

router = APIRouter(tags=["images"])


@router.post(
    "/generate",
    summary="Generate images",
    response_class=Response,
    openapi_extra=GENERATE_BODY | DEADLINE_HEADER,
    responses=answers(*_IMAGE_TYPES, *_LAYOUT_TYPES)
    | RENDER_PROBLEMS
    | problems(406, 408, 413, 415),
)
async def generate(request: Request, service: ServiceOf) -> Response:
    """Generate one image, or many on a contact sheet, in an archive or as JSON.

    Equal seeds and parameters give equal bytes, whatever else the service is doing.
    """
    return await answer_generate(request, service)


async def answer_generate(request: Request, service: Service) -> Response:
    """Answer POST /generate; raises ServiceError."""
    renderer = service.require_renderer()
    renderer.require_room()
    limit_s = read_deadline_s(request)
    refuse_query(request, _IN_THE_BODY)
    body = await read_json_body(request, GenerateBody, service.settings)
    source = _choose_source(body)
    if body.diverse:
        source = await choose_diverse(request, renderer, body, source)
    layout, image_format = _choose_layout(body, source, request.headers.get("accept"))
    plan = renderer.plan(
        RenderRequest(
            source=source,
            layout=layout,
            image_format=image_format,
            model=body.model,
            label=body.label,
            truncation=body.truncation,
            edits=make_edits(body.edits or {}),
            provenance=body.provenance,
            best_of=body.best_of,
        )
    )
    rendering = await run_unless_gone(request, renderer.render(plan, limit_s))
    return rendering_response(rendering, {"Vary": "Accept"})


def _choose_source(body: GenerateBody) -> Seeds | LatentRows | Mixes:
    """Take exactly one of seed, seeds, latents and mixes; with none, draw a seed."""
    given = [name for name in _SOURCES if getattr(body, name) is not None]
    if len(given) > 1:
        raise InvalidRequest(given[1], f"not together with {given[0]}")
    if body.n is not None and given not in ([], ["seed"]):
        raise InvalidRequest("n", f"not together with {given[0]}, whose length says how many")
    if body.latents is not None:
        return LatentRows(body.latents)
    if body.mixes is not None:
        return Mixes(tuple(mix.to_mix() for mix in body.mixes))
    if body.seeds is not None:
        return Seeds(body.seeds)
    first = secrets.randbelow(_RANDOM_SEEDS) if body.seed is None else body.seed
    return Seeds(range(first, first + (body.n or 1)), field="n")


def _count_images(source: Seeds | LatentRows | Mixes) -> int:
    if isinstance(source, Mixes):
        return len(source.mixes)
    return len(source.seeds if isinstance(source, Seeds) else source.z)


def _choose_layout(
    body: GenerateBody, source: Seeds | LatentRows | Mixes, accept: str | None
) -> tuple[GenerateLayout, ImageFormat]:
    """Take layout and format from the body, and what it leaves open from Accept."""
    count = _count_images(source)
    layout: GenerateLayout = body.layout or ("single" if count == 1 else "grid")
    image_format = ImageFormat(body.format or "png")
    if layout == "single" and count != 1:
        raise InvalidRequest("layout", f"single is for one image, not {count}; try grid")
    if body.layout is None:
        offered = [image_format.media_type] if body.format else _IMAGE_TYPES
        chosen = choose_media_type(accept, [*offered, *_LAYOUT_TYPES])
        if chosen in _LAYOUT_TYPES:
            return _LAYOUT_TYPES[chosen], image_format
        image_format = ImageFormat(chosen.removeprefix("image/"))
    elif body.format is None and body.layout in ("single", "grid"):
        chosen = choose_media_type(accept, _IMAGE_TYPES)
        image_format = ImageFormat(chosen.removeprefix("image/"))
    return layout, image_format

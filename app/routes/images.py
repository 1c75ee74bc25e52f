"""GET /images/{seed}.png: one seeded image at a URL that can be cached."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.image_encoding import ImageFormat
from app.render_plan import RenderRequest, Seeds
from app.renderer import Renderer
from app.routes.cacheable_response import cacheable_response
from app.routes.deadline import DEADLINE_HEADER
from app.routes.documentation import RENDER_PROBLEMS, answers
from app.routes.edits import read_edits
from app.routes.service import RendererOf
from app.schemas import Extension, ImageQuery, UrlSeed

_FORMATS = {image_format.extension: image_format for image_format in ImageFormat}

router = APIRouter(tags=["images"])


@router.head("/images/{seed}.{extension}", include_in_schema=False)
@router.get(
    "/images/{seed}.{extension}",
    summary="One seeded image",
    response_class=Response,
    openapi_extra=DEADLINE_HEADER,
    responses=answers(*(f.media_type for f in ImageFormat), is_cacheable=True) | RENDER_PROBLEMS,
)
async def show_image(
    request: Request,
    seed: UrlSeed,
    extension: Extension,
    query: Annotated[ImageQuery, Query()],
    renderer: RendererOf,
) -> Response:
    """Show the image of a seed; immutable for a URL that names the digest."""
    return await answer_image(request, renderer, seed, extension, query)


async def answer_image(
    request: Request, renderer: Renderer, seed: int, extension: str, query: ImageQuery
) -> Response:
    """Answer GET and HEAD /images/{seed}.{extension}; raises ServiceError."""
    image_format = _FORMATS[extension]
    plan = renderer.plan(
        RenderRequest(
            source=Seeds((seed,), field="seed"),
            layout="single",
            image_format=image_format,
            model=query.model,
            digest=query.digest,
            label=query.label,
            truncation=query.truncation,
            edits=read_edits(query.edits),
            provenance=query.provenance,
            best_of=query.best_of,
        )
    )
    return await cacheable_response(request, renderer, plan, is_negotiated=False)

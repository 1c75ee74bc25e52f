"""GET /mix: averages of seeds, added and taken away, at a URL that can be cached."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.errors import InvalidRequest
from app.image_encoding import ImageFormat
from app.latent_sources import Mixes
from app.render_plan import RenderRequest
from app.routes.cacheable_response import cacheable_response
from app.routes.deadline import DEADLINE_HEADER
from app.routes.documentation import RENDER_PROBLEMS, answers, problems
from app.routes.edits import read_edits
from app.routes.negotiation import choose_media_type
from app.routes.service import RendererOf
from app.schemas import MixQuery
from model.latents import MAX_SEED
from model.mix import Mix, SeedsTerm

_IMAGE_TYPES = [image_format.media_type for image_format in ImageFormat]

router = APIRouter(tags=["latent space"])


@router.head("/mix", include_in_schema=False)
@router.get(
    "/mix",
    summary="Averages of seeds, added and taken away",
    response_class=Response,
    openapi_extra=DEADLINE_HEADER,
    responses=answers(*_IMAGE_TYPES, is_cacheable=True) | RENDER_PROBLEMS | problems(406),
)
async def show_mix(
    request: Request, query: Annotated[MixQuery, Query()], renderer: RendererOf
) -> Response:
    """Add and take away the mean z of some seeds, as DCGAN's paper does with its faces.

    Repeat `plus` and `minus` for more terms; their order does not matter.
    """
    image_format = _choose_format(request, query)
    plan = renderer.plan(
        RenderRequest(
            source=Mixes((_read_mix(query),), field="plus"),
            layout="single",
            image_format=image_format,
            model=query.model,
            digest=query.digest,
            label=query.label,
            truncation=query.truncation,
            edits=read_edits(query.edits),
            provenance=query.provenance,
        )
    )
    return await cacheable_response(request, renderer, plan, is_negotiated=True)


def _choose_format(request: Request, query: MixQuery) -> ImageFormat:
    if query.format is not None:
        return ImageFormat(query.format)
    chosen = choose_media_type(request.headers.get("accept"), _IMAGE_TYPES)
    return ImageFormat(chosen.removeprefix("image/"))


def _read_mix(query: MixQuery) -> Mix:
    """Make the sum; raises InvalidRequest."""
    terms = []
    for field, texts, weight in (("plus", query.plus, 1.0), ("minus", query.minus, -1.0)):
        for text in texts:
            seeds = tuple(int(seed) for seed in text.split(","))
            if max(seeds) > MAX_SEED:
                raise InvalidRequest(field, f"seeds are at most {MAX_SEED}")
            terms.append(SeedsTerm(seeds, weight))
    if not terms:
        raise InvalidRequest("plus", "give the seeds to add, as 1,2,3")
    return Mix(tuple(terms), query.rescale)

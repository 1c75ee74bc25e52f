"""GET /explore: one seed along one direction, as a strip, frames or a film."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.films.timing import FilmTiming
from app.image_encoding import AnimationFormat
from app.latent_sources import Sweep
from app.render_plan import RenderRequest
from app.routes.caching import answer_without_work, cache_headers
from app.routes.deadline import DEADLINE_HEADER, read_deadline_s
from app.routes.disconnection import run_unless_gone
from app.routes.documentation import RENDER_PROBLEMS, answers, problems
from app.routes.edits import read_edits
from app.routes.film_response import film_response
from app.routes.responses import rendering_response
from app.routes.service import RendererOf
from app.routes.walk_format import (
    TYPE_OF_WALK,
    WALK_MEDIA_TYPES,
    choose_walk_layout,
    negotiate_walk,
)
from app.schemas import ExploreQuery

router = APIRouter(tags=["latent space"])


@router.head("/explore", include_in_schema=False)
@router.get(
    "/explore",
    summary="One seed along one direction",
    response_class=Response,
    openapi_extra=DEADLINE_HEADER,
    responses=answers(*WALK_MEDIA_TYPES, is_cacheable=True) | RENDER_PROBLEMS | problems(406),
)
async def explore(
    request: Request, query: Annotated[ExploreQuery, Query()], renderer: RendererOf
) -> Response:
    """Go along a direction; each frame is exactly the still with that edit.

    Strengths count to four decimals. GIF alone holds fewer colours than the stills do.
    """
    name = query.format or negotiate_walk(request)
    layout, image_format = choose_walk_layout(name)
    plan = renderer.plan(
        RenderRequest(
            source=Sweep(query.seed, query.direction, query.start, query.stop, query.steps),
            layout=layout,
            image_format=image_format,
            model=query.model,
            digest=query.digest,
            label=query.label,
            truncation=query.truncation,
            edits=read_edits(query.edits),
            timing=FilmTiming() if isinstance(image_format, AnimationFormat) else None,
        )
    )
    headers = {**cache_headers(plan), "Vary": "Accept"}
    if answer := answer_without_work(request, plan, headers, TYPE_OF_WALK[name]):
        return answer
    if isinstance(image_format, AnimationFormat):
        return await film_response(request, renderer, plan, headers)
    rendering = await run_unless_gone(request, renderer.render(plan, read_deadline_s(request)))
    return rendering_response(plan, rendering, headers)

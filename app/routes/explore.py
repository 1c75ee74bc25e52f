"""GET /explore: one seed along one direction, as a strip, frames or a film."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.latent_sources import Sweep
from app.render_plan import RenderRequest
from app.routes.caching import answer_without_work, cache_headers
from app.routes.deadline import DEADLINE_HEADER, read_deadline_s
from app.routes.disconnection import run_unless_gone
from app.routes.documentation import RENDER_PROBLEMS, answers, problems
from app.routes.edits import read_edits
from app.routes.responses import rendering_response
from app.routes.service import RendererOf
from app.routes.walk_format import WALK_MEDIA_TYPES, choose_walk_layout, negotiate_walk
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
    layout, image_format = choose_walk_layout(query.format or negotiate_walk(request))
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
        )
    )
    headers = {**cache_headers(plan), "Vary": "Accept"}
    media_type = "application/zip" if layout == "zip" else image_format.media_type
    if answer := answer_without_work(request, plan, headers, media_type):
        return answer
    rendering = await run_unless_gone(request, renderer.render(plan, read_deadline_s(request)))
    return rendering_response(plan, rendering, headers)

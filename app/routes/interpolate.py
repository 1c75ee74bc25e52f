"""GET /interpolate: a walk through the latents of seeds, as a strip, frames or a film."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.errors import InvalidRequest
from app.render_plan import RenderRequest, Walk
from app.routes.caching import answer_without_work, cache_headers
from app.routes.deadline import DEADLINE_HEADER, read_deadline_s
from app.routes.disconnection import run_unless_gone
from app.routes.documentation import RENDER_PROBLEMS, answers, problems
from app.routes.edits import read_edits
from app.routes.responses import rendering_response
from app.routes.service import RendererOf
from app.routes.walk_format import WALK_MEDIA_TYPES, choose_walk_layout, negotiate_walk
from app.schemas import InterpolateQuery

router = APIRouter(tags=["images"])


@router.head("/interpolate", include_in_schema=False)
@router.get(
    "/interpolate",
    summary="Walk between seeds",
    response_class=Response,
    openapi_extra=DEADLINE_HEADER,
    responses=answers(*WALK_MEDIA_TYPES, is_cacheable=True) | RENDER_PROBLEMS | problems(406),
)
async def walk_between_seeds(
    request: Request, query: Annotated[InterpolateQuery, Query()], renderer: RendererOf
) -> Response:
    """Walk from seed to seed; frame k is exactly the still of its latent.

    GIF alone holds fewer colours than the stills do.
    """
    name = query.format or negotiate_walk(request)
    layout, image_format = choose_walk_layout(name)
    plan = renderer.plan(
        RenderRequest(
            source=Walk(_choose_seeds(query), query.steps, query.method),
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


def _choose_seeds(query: InterpolateQuery) -> tuple[int, ...]:
    """Take `seeds`, or `start` and `end`."""
    if query.seeds is not None:
        for name in ("start", "end"):
            if getattr(query, name) is not None:
                raise InvalidRequest(name, "not together with seeds")
        return tuple(int(seed) for seed in query.seeds.split(","))
    if query.start is None:
        raise InvalidRequest("start", "give start and end, or seeds")
    if query.end is None:
        raise InvalidRequest("end", "give start and end, or seeds")
    return query.start, query.end

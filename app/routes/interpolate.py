"""GET /interpolate: a walk through the latents of seeds, as a strip, frames or a film."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.errors import InvalidRequest
from app.render_plan import RenderRequest, Walk
from app.routes.cacheable_response import cacheable_response
from app.routes.deadline import DEADLINE_HEADER
from app.routes.documentation import RENDER_PROBLEMS, answers, problems
from app.routes.edits import read_edits
from app.routes.service import RendererOf
from app.routes.walk_format import (
    WALK_MEDIA_TYPES,
    choose_timing,
    choose_walk_layout,
)
from app.walk_schemas import InterpolateQuery

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

    GIF holds fewer colours than the stills do, and MP4 is near to them. A film is sent while
    it is rendered.
    """
    layout, image_format = choose_walk_layout(request, query)
    plan = renderer.plan(
        RenderRequest(
            source=Walk(_choose_seeds(query), query.steps, query.method, query.easing),
            layout=layout,
            image_format=image_format,
            model=query.model,
            digest=query.digest,
            label=query.label,
            truncation=query.truncation,
            edits=read_edits(query.edits),
            provenance=query.provenance,
            timing=choose_timing(query, image_format),
        )
    )
    return await cacheable_response(request, renderer, plan, is_negotiated=True)


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

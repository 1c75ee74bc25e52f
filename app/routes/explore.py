"""GET /explore: one seed along one direction, as a strip, frames or a film."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.errors import InvalidRequest
from app.latent_sources import Sweep
from app.render_plan import RenderRequest
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
from app.walk_schemas import ExploreQuery
from model.edits import MAX_EDIT_STRENGTH, round_strength

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

    Strengths count to four decimals. GIF holds fewer colours than the stills do, and MP4 is
    near to them.
    """
    layout, image_format = choose_walk_layout(request, query)
    plan = renderer.plan(
        RenderRequest(
            source=_choose_sweep(query),
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


def _choose_sweep(query: ExploreQuery) -> Sweep:
    """Take `through`, or `from` and `to`."""
    through: tuple[float, ...] = ()
    if query.through is not None:
        through = tuple(round_strength(float(text)) for text in query.through.split(","))
        for name, bound in (("from", query.start), ("to", query.stop)):
            if bound is not None:
                raise InvalidRequest(name, "not together with through")
        if max(map(abs, through)) > MAX_EDIT_STRENGTH:
            most = f"{MAX_EDIT_STRENGTH:g}"
            raise InvalidRequest("through", f"strengths are from -{most} to {most}")
    way = (query.start, query.stop, query.steps, query.easing, through)
    return Sweep(query.seed, query.direction, *way)

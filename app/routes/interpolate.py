"""GET /interpolate: a walk through the latents of seeds, as a strip, frames or a film."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.errors import InvalidRequest
from app.films.timing import DEFAULT_FRAME_MS, FilmTiming
from app.image_encoding import AnimationFormat, ImageFormat
from app.render_plan import RenderRequest, Walk
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

    GIF holds fewer colours than the stills do, and MP4 is near to them. A film is sent while
    it is rendered.
    """
    name = query.format or negotiate_walk(request)
    layout, image_format = choose_walk_layout(name)
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
            timing=_choose_timing(query, image_format),
        )
    )
    headers = {**cache_headers(plan), "Vary": "Accept"}
    if answer := answer_without_work(request, plan, headers, TYPE_OF_WALK[name]):
        return answer
    if isinstance(image_format, AnimationFormat):
        return await film_response(request, renderer, plan, headers)
    rendering = await run_unless_gone(request, renderer.render(plan, read_deadline_s(request)))
    return rendering_response(plan, rendering, headers)


def _choose_timing(
    query: InterpolateQuery, image_format: ImageFormat | AnimationFormat
) -> FilmTiming | None:
    """Take `fps` or `frame_ms`, and `loop`, for what moves; refuse them for what does not."""
    given = [name for name in ("fps", "frame_ms", "loop") if getattr(query, name) is not None]
    if not isinstance(image_format, AnimationFormat):
        if given:
            raise InvalidRequest(given[0], "only for moving pictures")
        return None
    if query.loop is not None and image_format.is_video:
        raise InvalidRequest("loop", "a video says nothing about that; its player does")
    if query.fps is None:
        return FilmTiming(Fraction(query.frame_ms or DEFAULT_FRAME_MS, 1000), query.loop or 0)
    if query.frame_ms is not None:
        raise InvalidRequest("frame_ms", "not together with fps")
    return FilmTiming(Fraction(1, query.fps), query.loop or 0)


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

"""The answer at a URL that can be cached: from the ETag alone where that is enough."""

from __future__ import annotations

from fastapi import Request, Response

from app.image_encoding import AnimationFormat
from app.render_plan import RenderPlan
from app.renderer import Renderer
from app.routes.caching import answer_without_work, cache_headers
from app.routes.deadline import read_deadline_s
from app.routes.disconnection import run_unless_gone
from app.routes.film_response import film_response
from app.routes.responses import rendering_response


async def cacheable_response(
    request: Request, renderer: Renderer, plan: RenderPlan, *, is_negotiated: bool
) -> Response:
    """Answer a conditional request or HEAD without work; else render, a film while it is sent.

    `is_negotiated` says that Accept may choose the format, so that caches keep one a choice.
    Raises ServiceError.
    """
    limit_s = read_deadline_s(request)
    headers = cache_headers(plan)
    if is_negotiated:
        headers["Vary"] = "Accept"
    image_format = plan.request.image_format
    media_type = "application/zip" if plan.request.layout == "zip" else image_format.media_type
    if answer := answer_without_work(request, plan, headers, media_type):
        return answer
    if isinstance(image_format, AnimationFormat):
        return await film_response(request, renderer, plan, headers)
    rendering = await run_unless_gone(request, renderer.render(plan, limit_s))
    return rendering_response(rendering, headers)

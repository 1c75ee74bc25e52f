"""GET /avatar/{any string}.png: a picture for a name, an address, or any other string."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Path, Query, Request, Response

from app.avatar_query import AvatarQuery, AvatarText, SeededAvatarQuery
from app.avatars import AVATAR_NUMBER, AvatarStyle, draw_avatar, seed_of
from app.image_encoding import ImageFormat
from app.render_plan import RenderPlan, RenderRequest, Seeds
from app.renderer import Renderer
from app.routes.caching import answer_without_work, cache_headers
from app.routes.deadline import DEADLINE_HEADER, read_deadline_s
from app.routes.disconnection import run_unless_gone
from app.routes.documentation import RENDER_PROBLEMS, answers
from app.routes.responses import identity_headers, timing_headers
from app.routes.service import Service, ServiceOf
from app.schemas import Extension

# The model behind a name may change, but a page full of avatars should not ask every minute.
_LONG = "public, max-age=604800, stale-while-revalidate=86400"

_FORMATS = {image_format.extension: image_format for image_format in ImageFormat}
_ANSWERS = answers(*(f.media_type for f in ImageFormat), is_cacheable=True) | RENDER_PROBLEMS

router = APIRouter(tags=["avatars"])


@router.head("/avatar/{text:path}.{extension}", include_in_schema=False)
@router.get(
    "/avatar/{text:path}.{extension}",
    summary="The avatar of a string",
    response_class=Response,
    openapi_extra=DEADLINE_HEADER,
    responses=_ANSWERS,
)
async def show_avatar(
    request: Request,
    text: Annotated[AvatarText, Path()],
    extension: Extension,
    query: Annotated[AvatarQuery, Query()],
    service: ServiceOf,
) -> Response:
    """Show the picture of a string: always the same one, and another in each deployment."""
    return await _answer(request, text, extension, query, service)


@router.head("/avatar.{extension}", include_in_schema=False)
@router.get(
    "/avatar.{extension}",
    summary="The avatar of a string in the query, as DiceBear has it",
    response_class=Response,
    openapi_extra=DEADLINE_HEADER,
    responses=_ANSWERS,
)
async def show_seeded_avatar(
    request: Request,
    extension: Extension,
    query: Annotated[SeededAvatarQuery, Query()],
    service: ServiceOf,
) -> Response:
    """Show the picture of the string `seed`."""
    return await _answer(request, query.seed, extension, query, service)


async def _answer(
    request: Request, text: str, extension: str, query: AvatarQuery, service: Service
) -> Response:
    limit_s = read_deadline_s(request)
    renderer, image_format = service.require_renderer(), _FORMATS[extension]
    key = service.settings.avatar_key.get_secret_value().encode()
    plan = renderer.plan(
        RenderRequest(
            source=Seeds((seed_of(text, key),), field="seed"),
            layout="single",
            image_format=image_format,
            model=query.model,
            digest=query.digest,
            label=query.label,
            truncation=query.truncation,
            provenance=False,
        )
    )
    style = _choose_style(query)
    headers = cache_headers(plan)
    headers["ETag"] = _tag(plan, style)
    if query.digest is None:
        headers["Cache-Control"] = _LONG
    if answer := answer_without_work(request, plan, headers, image_format.media_type):
        return answer
    work = _draw(renderer, plan, style, limit_s)
    body, timing = await run_unless_gone(request, work)
    told = {**identity_headers(plan), **timing, **headers}
    return Response(body, headers=told, media_type=image_format.media_type)


async def _draw(
    renderer: Renderer, plan: RenderPlan, style: AvatarStyle, limit_s: float | None
) -> tuple[bytes, dict[str, str]]:
    rows = await renderer.render_rows([plan], None, limit_s)
    image_format = ImageFormat(plan.request.image_format)
    work = partial(draw_avatar, np.asarray(rows.payloads[0]), style, image_format)
    return await renderer.pack("avatar", 1, work), timing_headers(rows)


def _choose_style(query: AvatarQuery) -> AvatarStyle:
    background = None
    if query.background_color != "transparent":
        red, green, blue = bytes.fromhex(query.background_color)
        background = (red, green, blue)
    return AvatarStyle(query.size, query.radius, query.flip, background, query.filter)


def _tag(plan: RenderPlan, style: AvatarStyle) -> str:
    """Return the ETag, from that of the still and all that is done to it."""
    content = hashlib.sha256(f"{plan.etag} {AVATAR_NUMBER} {style}".encode())
    return f'"{content.hexdigest()[:32]}"'

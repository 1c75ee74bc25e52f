"""POST /verify: is a picture what a model renders, to the bit?"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.claims import parse_claim
from app.errors import InvalidRequest, UnknownModel
from app.picture_decoding import Picture, decode_picture
from app.render_plan import RenderPlan, RenderRequest, Seeds
from app.renderer import Renderer
from app.routes.deadline import DEADLINE_HEADER, read_deadline_s
from app.routes.disconnection import run_unless_gone
from app.routes.documentation import RENDER_PROBLEMS, picture_body, problems
from app.routes.edits import read_edits
from app.routes.request_body import read_bounded_body
from app.routes.service import ServiceOf
from app.settings import Settings
from app.verification import Verification, VerifyQuery, measure_difference

_ANY_SIZE = 2**32  # of what the service has made itself

router = APIRouter(tags=["images"])


@router.post(
    "/verify",
    summary="Verify a picture",
    response_model=Verification,
    openapi_extra=picture_body() | DEADLINE_HEADER,
    responses=RENDER_PROBLEMS | problems(408, 413, 415),
)
async def verify_picture(
    request: Request, query: Annotated[VerifyQuery, Query()], service: ServiceOf
) -> Response:
    """Render what the picture claims to be, or what the query says it is, and compare.

    `identical`: every pixel is what this service sends in that format. `altered`: some are
    not. `another-model`: of a model that is not served, or not the one asked about.
    `unknown`: neither the file nor the query says what it should be.
    """
    renderer = service.require_renderer()
    limit_s = read_deadline_s(request)
    if query.seed is None and any(
        value is not None for value in (query.label, query.truncation, query.edits)
    ):
        raise InvalidRequest("seed", "label, truncation and edits go with a seed")
    with service.upload_room.hold():
        picture = await _receive(request, service.settings, renderer)
        verify = _verify(picture, query, renderer, limit_s)
        verification = await run_unless_gone(request, verify)
    return Response(
        verification.model_dump_json(),
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def _receive(request: Request, settings: Settings, renderer: Renderer) -> Picture:
    file = await read_bounded_body(request, settings.max_upload_bytes, settings.deadline_s)
    return await renderer.pack("upload", 0, partial(decode_picture, file, settings.max_pixels))


async def _verify(
    picture: Picture, query: VerifyQuery, renderer: Renderer, limit_s: float | None
) -> Verification:
    claim = parse_claim(picture.claim) if picture.claim is not None else None
    told: dict[str, Any] = {"claim": claim and claim.model_dump(exclude_none=True)}
    if query.seed is not None:
        plan = renderer.plan(_request_of(query, query.seed, picture))
        return await _compare(picture, plan, renderer, limit_s, told)
    if claim is None:
        detail = "The file does not say what made it; name a seed."
        return Verification(verdict="unknown", detail=detail)
    try:
        plan = renderer.plan(claim.to_request(picture.image_format))
    except UnknownModel:
        detail = "The file claims to be of a model that is not served."
        return Verification(verdict="another-model", detail=detail, digest=claim.digest, **told)
    except (InvalidRequest, ValueError):
        detail = "What the file claims cannot be rendered by the model that it names."
        return Verification(verdict="unknown", detail=detail, digest=claim.digest, **told)
    if not _is_asked_about(plan, query):
        detail = "The file claims to be of another model than the one asked about."
        return Verification(
            verdict="another-model",
            detail=detail,
            model=plan.generator.name,
            digest=claim.digest,
            **told,
        )
    path = plan.generator.facts.numeric_path
    told["is_same_numeric_path"] = claim.numeric_path == path
    return await _compare(picture, plan, renderer, limit_s, told)


def _request_of(query: VerifyQuery, seed: int, picture: Picture) -> RenderRequest:
    return RenderRequest(
        source=Seeds((seed,), field="seed"),
        layout="single",
        image_format=picture.image_format,
        model=query.model,
        digest=query.digest,
        label=query.label,
        truncation=1.0 if query.truncation is None else query.truncation,
        edits=read_edits(query.edits),
        provenance=False,
    )


def _is_asked_about(plan: RenderPlan, query: VerifyQuery) -> bool:
    generator = plan.generator
    return query.model in (None, generator.name) and query.digest in (None, generator.digest)


async def _compare(
    picture: Picture,
    plan: RenderPlan,
    renderer: Renderer,
    limit_s: float | None,
    told: dict[str, Any],
) -> Verification:
    """Hold the picture against the rendering, both as decoded from a file of the same format."""
    rendering = await renderer.render(plan, limit_s)
    decode = partial(decode_picture, rendering.body, _ANY_SIZE)
    rendered = await renderer.pack("upload", 0, decode)
    difference = measure_difference(picture.pixels, rendered.pixels)
    if difference is None:
        detail = "Its size is not that of the rendering."
    elif difference.changed_pixels:
        detail = f"{difference.changed_pixels} of {difference.pixels} pixels differ."
    else:
        detail = "Every pixel is what this service renders."
    is_identical = difference is not None and not difference.changed_pixels
    return Verification(
        verdict="identical" if is_identical else "altered",
        detail=detail,
        model=plan.generator.name,
        digest=plan.generator.digest,
        difference=difference,
        **told,
    )

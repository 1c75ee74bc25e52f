"""POST /invert: an image to the latent that renders it, as a job."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.errors import InvalidRequest, UnsupportedMedia
from app.image_encoding import ImageFormat
from app.inversions import Inversions
from app.job import InversionOrder
from app.job_schemas import InvertQuery, JobDocument
from app.render_plan import RenderPlan, RenderRequest, Seeds
from app.routes.documentation import problems
from app.routes.jobs import describe_job
from app.routes.request_body import read_bounded_body
from app.routes.service import InversionsOf, Service, ServiceOf
from model.observation import Observation
from model.picture import PICTURE_FORMATS, PictureError, observe, read_picture

# Octets are whatever their file is: clients that are generated know no other type of a file.
_OCTETS = "application/octet-stream"
_MEDIA_TYPES = (*PICTURE_FORMATS.values(), _OCTETS)
_SUFFIX = ".safetensors"
_BODY: dict[str, Any] = {
    "requestBody": {
        "description": "The image itself. Its transparent places are the mask of `inpaint`.",
        "required": True,
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in _MEDIA_TYPES
        },
    }
}

router = APIRouter(tags=["inversion"])


@router.post(
    "/invert",
    status_code=202,
    summary="Find the latent of an image",
    response_model=JobDocument,
    openapi_extra=_BODY,
    responses={
        202: {
            "description": "A job that searches",
            "headers": {
                "Location": {"description": "the job", "schema": {"type": "string"}},
            },
        },
        **problems(404, 408, 413, 415, 422, 429, 500, 503),
    },
)
async def invert(
    request: Request,
    query: Annotated[InvertQuery, Query()],
    service: ServiceOf,
    inversions: InversionsOf,
) -> Response:
    """Search for the latent that renders the image in the body, or what is known of it.

    The same image and parameters find the same latent on the same kind of machine.
    """
    inversions.require_room()
    media_type = _read_media_type(request)
    plan = service.require_renderer().plan(_probe(query))
    plan.generator.require_ready()
    if query.realism and plan.generator.judging_fault:
        raise InvalidRequest("realism", plan.generator.judging_fault)
    settings = service.settings
    with service.upload_room.hold():
        data = await read_bounded_body(request, settings.max_upload_bytes, settings.deadline_s)
        observation = await _observe(data, media_type, query, plan, (service, inversions))
    job = inversions.submit(_order(query, plan, observation, service))
    return Response(
        describe_job(job).model_dump_json(),
        202,
        {"Location": f"/jobs/{job.id}", "Cache-Control": "no-store"},
        "application/json",
    )


def _probe(query: InvertQuery) -> RenderRequest:
    """Ask for one image, which finds the model and the label or says what is wrong with them."""
    return RenderRequest(
        source=Seeds((query.seed,), field="seed"),
        layout="single",
        image_format=ImageFormat.PNG,
        model=query.model,
        digest=query.digest,
        label=query.label,
    )


def _read_media_type(request: Request) -> str:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _MEDIA_TYPES:
        raise UnsupportedMedia(
            f"Send the image itself as the body, with its Content-Type: {', '.join(_MEDIA_TYPES)}."
        )
    return media_type


async def _observe(
    data: bytes,
    media_type: str,
    query: InvertQuery,
    plan: RenderPlan,
    parts: tuple[Service, Inversions],
) -> Observation:
    """Decode the image off the event loop and fit it to the model."""
    service, inversions = parts

    def decode() -> Observation:
        picture = read_picture(data, service.settings.max_upload_pixels)
        if media_type not in (picture.media_type, _OCTETS):
            raise PictureError(f"it is {picture.media_type}, but was sent as {media_type}")
        return observe(picture, plan.generator.spec, query.task, int(query.factor))

    async with inversions.decoding:
        try:
            return await asyncio.to_thread(decode)
        except PictureError as error:
            raise InvalidRequest("body", str(error)) from error


def _order(
    query: InvertQuery, plan: RenderPlan, observation: Observation, service: Service
) -> InversionOrder:
    generator = plan.generator
    return InversionOrder(
        model=generator.name,
        digest=generator.digest,
        path=service.settings.weights / f"{generator.name}{_SUFFIX}",
        observation=observation,
        task=query.task,
        label=plan.label,
        steps=query.steps,
        restarts=query.restarts,
        seed=query.seed,
        max_magnitude=service.settings.max_latent_magnitude,
        realism=query.realism,
    )

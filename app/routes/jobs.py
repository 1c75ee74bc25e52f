"""GET /jobs/{id}: how far a job is, and what came of it."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import io
from collections.abc import AsyncIterator
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from PIL import Image

from app.errors import InvalidRequest, NoResultYet
from app.image_encoding import ImageFormat, encode_image
from app.job import Job
from app.job_schemas import JobDocument, JobLinks, JobResultDocument, ResultQuery
from app.render_plan import LatentRows, RenderRequest
from app.renderer import Rendering
from app.routes.disconnection import run_unless_gone
from app.routes.documentation import answers, problems
from app.routes.no_query import NO_QUERY
from app.routes.responses import rendering_response
from app.routes.service import InversionsOf, RendererOf
from model.blending import blend

_HEARTBEAT_S = 15.0  # proxies end a connection on which nothing happens
_NO_STORE = {"Cache-Control": "no-store"}
# Tools read the schema of an event stream as that of each event, as OpenAPI 3.2 has it.
_EVENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["progress", "end"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/JobDocument"},
        },
    },
}
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": (
            "Server-sent events, each with the job as JSON: `progress`, and at last `end`"
        ),
        "content": {"text/event-stream": {"schema": _EVENT_SCHEMA}},
    }
}

JobId = Annotated[str, Path(min_length=1, max_length=64, description="from POST /invert")]

router = APIRouter(prefix="/jobs", tags=["inversion"])


@router.get(
    "/{job_id}",
    summary="How far a job is",
    response_model=JobDocument,
    dependencies=NO_QUERY,
    responses=problems(404, 410, 422, 503),
)
async def show_job(job_id: JobId, inversions: InversionsOf) -> Response:
    """Show a job: its state, how far it is, and the latent once it is done."""
    return _job_response(inversions.find(job_id))


@router.delete(
    "/{job_id}",
    summary="Cancel or forget a job",
    response_model=JobDocument,
    dependencies=NO_QUERY,
    responses=problems(404, 410, 422, 503),
)
async def cancel_job(job_id: JobId, inversions: InversionsOf) -> Response:
    """Cancel a job; one that has ended is forgotten at once."""
    return _job_response(inversions.cancel(job_id))


@router.get(
    "/{job_id}/events",
    summary="Watch a job",
    response_class=StreamingResponse,
    dependencies=NO_QUERY,
    responses=_EVENTS | problems(404, 410, 422, 503),
)
async def watch_job(job_id: JobId, inversions: InversionsOf) -> Response:
    """Send an event whenever the job gets on, and close after its end."""
    return StreamingResponse(
        _events(inversions.find(job_id)),
        media_type="text/event-stream",
        headers={**_NO_STORE, "X-Accel-Buffering": "no"},  # nginx would hold events back
    )


@router.get(
    "/{job_id}/result.png",
    summary="The image that was found",
    response_class=Response,
    responses=answers("image/png") | problems(404, 409, 410, 422, 429, 500, 503, 504),
)
async def show_result(
    request: Request,
    job_id: JobId,
    query: Annotated[ResultQuery, Query()],
    inversions: InversionsOf,
    renderer: RendererOf,
) -> Response:
    """Render the latent that was found: the bytes that POST /generate gives for it.

    `view=composite` keeps every pixel that was sent and fills only the hole, without a seam.
    """
    job = inversions.find(job_id)
    if job.result is None:
        raise NoResultYet(f"The job is {job.state.value}.")
    if query.view == "composite" and job.order.task != "inpaint":
        raise InvalidRequest("view", "only inpaint has a composite")
    plan = renderer.plan(
        RenderRequest(
            source=LatentRows([job.result.latent]),
            layout="single",
            image_format=ImageFormat.PNG,
            model=job.order.model,
            digest=job.order.digest,
            label=job.result.label,
        )
    )
    rendering = await run_unless_gone(request, renderer.render(plan))
    headers = {"ETag": plan.etag, "Cache-Control": "private, max-age=60"}
    if query.view == "composite":
        rendering = await asyncio.to_thread(_compose, job, rendering)
        headers["ETag"] = f'"{hashlib.sha256(rendering.body).hexdigest()[:32]}"'
    return rendering_response(rendering, headers)


def describe_job(job: Job) -> JobDocument:
    """Write a job as its wire type."""
    place = f"/jobs/{job.id}"
    order, result = job.order, job.result
    image = None if result is None else f"{place}/result.png"
    composite = f"{image}?view=composite" if image and order.task == "inpaint" else None
    found = None
    if result is not None:
        found = JobResultDocument(latents=[result.latent], label=result.label)
    return JobDocument(
        id=job.id,
        state=job.state.value,
        progress=job.progress,
        psnr_db=job.psnr_db,
        model=order.model,
        digest=order.digest,
        task=order.task,
        result=found,
        detail=job.detail,
        links=JobLinks(self=place, events=f"{place}/events", result=image, composite=composite),
    )


def _job_response(job: Job) -> Response:
    return Response(
        describe_job(job).model_dump_json(), headers=_NO_STORE, media_type="application/json"
    )


async def _events(job: Job) -> AsyncIterator[str]:
    """Write the job's changes as events; a comment now and then where there are none."""
    changes = job.watch()
    change = asyncio.ensure_future(anext(changes, None))
    try:
        while True:
            done, _ = await asyncio.wait([change], timeout=_HEARTBEAT_S)
            if not done:
                yield ": waiting\n\n"
                continue
            if change.result() is None:
                return
            name = "end" if job.state.is_final else "progress"
            yield f"event: {name}\ndata: {describe_job(job).model_dump_json()}\n\n"
            change = asyncio.ensure_future(anext(changes, None))
    finally:
        change.cancel()


def _compose(job: Job, rendering: Rendering) -> Rendering:
    """Fill the hole of what was sent with what was found."""
    observation = job.order.observation
    with Image.open(io.BytesIO(rendering.body)) as image:
        rendered = np.asarray(image).reshape(observation.pixels.shape)
    blended = blend(observation.pixels, rendered, observation.known)
    return dataclasses.replace(rendering, body=encode_image(blended, ImageFormat.PNG))

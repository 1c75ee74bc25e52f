"""GET /livez, /readyz and /metrics: for whoever watches the service."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from app.metrics import EXPOSITION_MEDIA_TYPE
from app.routes.service import ServiceOf
from app.schemas import Readiness

router = APIRouter(tags=["health"])


@router.head("/livez", include_in_schema=False)
@router.get(
    "/livez",
    summary="Is the process alive",
    response_class=PlainTextResponse,
)
async def show_liveness() -> PlainTextResponse:
    """Answer while the event loop turns."""
    return PlainTextResponse("alive\n")


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    summary="Can it answer",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Not ready"}},
)
async def show_readiness(service: ServiceOf) -> Response:
    """Say ready when every model's device answered lately and its weights are right."""
    if service.catalog is None:
        faults = {"service": "starting or stopping"}
    else:
        faults = {item.name: item.fault for item in service.catalog if item.fault is not None}
    readiness = Readiness(status="not ready" if faults else "ready", faults=faults)
    return Response(
        readiness.model_dump_json(),
        503 if faults else 200,
        {"Cache-Control": "no-store"},
        "application/json",
    )


@router.get("/metrics", summary="Prometheus metrics", response_class=PlainTextResponse)
async def show_metrics(service: ServiceOf) -> Response:
    """Write every counter, gauge and histogram."""
    return Response(service.metrics.exposition(), media_type=EXPOSITION_MEDIA_TYPE)

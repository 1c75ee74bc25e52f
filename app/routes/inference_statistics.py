"""GET /v2/models/stats: Triton's statistics, out of what Prometheus is told."""

from __future__ import annotations

from fastapi import APIRouter

from app.dialects.inference_schemas import (
    Duration,
    InferStatistics,
    ModelStatistics,
    StatisticsList,
)
from app.metrics import Metrics
from app.routes.documentation import errors
from app.routes.inference_models import ERRORS, VERSION, find_model
from app.routes.service import CatalogOf, ServiceOf

router = APIRouter(tags=["open inference protocol"])


@router.get(
    "/v2/models/stats",
    summary="Statistics of all models",
    response_model=StatisticsList,
    responses=errors("InferenceError", "application/json", 503),
)
async def show_all_statistics(service: ServiceOf, catalog: CatalogOf) -> StatisticsList:
    """Count what every model has done since the start, whatever dialect asked."""
    return StatisticsList(model_stats=[_measure(item.name, service.metrics) for item in catalog])


@router.get(
    "/v2/models/{name}/stats",
    summary="Statistics of a model",
    response_model=StatisticsList,
    responses=ERRORS,
)
async def show_statistics(name: str, service: ServiceOf, catalog: CatalogOf) -> StatisticsList:
    """Count what one model has done since the start, whatever dialect asked."""
    generator = find_model(catalog, name, None)
    return StatisticsList(model_stats=[_measure(generator.name, service.metrics)])


@router.get(
    "/v2/models/{name}/versions/{version}/stats",
    summary="Statistics of a version",
    response_model=StatisticsList,
    responses=ERRORS,
)
async def show_version_statistics(
    name: str, version: str, service: ServiceOf, catalog: CatalogOf
) -> StatisticsList:
    """Do the same for the version `1`, or for a digest."""
    generator = find_model(catalog, name, version)
    return StatisticsList(model_stats=[_measure(generator.name, service.metrics)])


def _measure(model: str, metrics: Metrics) -> ModelStatistics:
    def read(name: str) -> float:
        return metrics.registry.get_sample_value(f"ganloom_{name}", {"model": model}) or 0.0

    def duration(name: str) -> Duration:
        return Duration(count=int(read(f"{name}_count")), ns=int(1e9 * read(f"{name}_sum")))

    queue, forward = duration("queue_seconds"), duration("forward_seconds")
    encode = duration("encode_seconds")
    statistics = InferStatistics(
        success=Duration(count=queue.count, ns=queue.ns + forward.ns + encode.ns),
        fail=Duration(count=int(read("failed_batches_total")), ns=0),
        queue=queue,
        compute_input=Duration(count=0, ns=0),
        compute_infer=forward,
        compute_output=encode,
    )
    return ModelStatistics(
        name=model,
        version=VERSION,
        inference_count=int(read("images_total")),
        execution_count=int(read("batch_images_count")),
        inference_stats=statistics,
    )

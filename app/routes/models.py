"""GET /models: what is served, from which data, under which licence."""

from __future__ import annotations

import dataclasses

from fastapi import APIRouter, Response

from app.catalog import Catalog, ServedGenerator
from app.model_schemas import Limits, ModelInfo, ModelList
from app.routes.documentation import problems
from app.routes.no_query import NO_QUERY
from app.routes.service import CatalogOf, ServiceOf
from app.settings import Settings

router = APIRouter(tags=["models"])


@router.get(
    "/models",
    summary="List the models",
    response_model=ModelList,
    dependencies=NO_QUERY,
    responses=problems(422, 503),
)
async def list_models(service: ServiceOf, catalog: CatalogOf) -> Response:
    """List every served model, and the one that answers when none is named."""
    models = [_describe(item, catalog, service.settings) for item in catalog]
    return _json(ModelList(default=catalog.default_name, models=models))


@router.get(
    "/models/{name}",
    summary="Describe a model",
    response_model=ModelInfo,
    dependencies=NO_QUERY,
    responses=problems(404, 422, 503),
)
async def describe_model(name: str, service: ServiceOf, catalog: CatalogOf) -> Response:
    """Describe one model: shape, classes, provenance, scores, digest, limits."""
    return _json(_describe(catalog.find(name), catalog, service.settings))


def _json(document: ModelList | ModelInfo) -> Response:
    return Response(document.model_dump_json(), media_type="application/json")


def _describe(generator: ServedGenerator, catalog: Catalog, settings: Settings) -> ModelInfo:
    return ModelInfo(
        name=generator.name,
        digest=generator.digest,
        is_default=generator.name == catalog.default_name,
        is_ready=generator.fault is None,
        spec=generator.spec.to_fields(),
        class_names=list(generator.class_names),
        attribute_names=list(generator.attribute_names),
        provenance=generator.provenance,
        latent_scheme=generator.latent_scheme,
        offers_best_of=generator.judging_fault is None,
        lanes=len(generator.batcher.lanes),
        **dataclasses.asdict(generator.facts),
        limits=Limits(
            max_images=settings.max_images,
            max_best_of=settings.max_best_of,
            max_steps=settings.max_steps,
            max_pixels=settings.max_pixels,
            max_body_bytes=settings.max_body_bytes,
            max_latent_magnitude=settings.max_latent_magnitude,
            deadline_s=settings.deadline_s,
        ),
    )

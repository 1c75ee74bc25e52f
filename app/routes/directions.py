"""GET /models/{name}/directions: along what a model's images can be changed."""

from __future__ import annotations

import dataclasses

from fastapi import APIRouter, Response

from app.latent_schemas import DirectionInfo, DirectionList
from app.routes.documentation import problems
from app.routes.no_query import NO_QUERY
from app.routes.service import CatalogOf

router = APIRouter(tags=["latent space"])


@router.get(
    "/models/{name}/directions",
    summary="List the directions of a model",
    response_model=DirectionList,
    dependencies=NO_QUERY,
    responses=problems(404, 422, 503),
)
async def list_directions(name: str, catalog: CatalogOf) -> Response:
    """List the directions that `edits`, `/explore` and mixes take."""
    generator = catalog.find(name)
    entries = [DirectionInfo(**dataclasses.asdict(e)) for e in generator.directions.entries]
    listed = DirectionList(model=generator.name, digest=generator.digest, directions=entries)
    return Response(listed.model_dump_json(), media_type="application/json")

"""POST /models/{name}/neighbours: which seeds are near to a latent."""

from __future__ import annotations

import asyncio
import dataclasses

import numpy as np
from fastapi import APIRouter, Request, Response
from numpy.typing import NDArray

from app.catalog import ServedGenerator
from app.latent_schemas import NeighbourInfo, NeighbourList, NeighboursBody
from app.latent_sources import check_row
from app.routes.documentation import NEIGHBOURS_BODY, problems
from app.routes.no_query import NO_QUERY
from app.routes.request_body import read_json_body
from app.routes.service import CatalogOf, ServiceOf
from app.settings import Settings
from model.latents import sample_latents
from model.neighbours import nearest_seeds

router = APIRouter(tags=["latent space"])


@router.post(
    "/models/{name}/neighbours",
    summary="Which seeds are near to a latent",
    response_model=NeighbourList,
    dependencies=NO_QUERY,
    openapi_extra=NEIGHBOURS_BODY,
    responses=problems(404, 408, 413, 415, 422, 503),
)
async def list_neighbours(
    request: Request, name: str, service: ServiceOf, catalog: CatalogOf
) -> Response:
    """Compare a seed or a latent with the first seeds, by distance in z."""
    generator = catalog.find(name)
    body = await read_json_body(request, NeighboursBody, service.settings)
    z = _read_latent(body, generator, service.settings)
    found = await asyncio.to_thread(nearest_seeds, generator.spec, z, body.count, body.among)
    listed = NeighbourList(
        model=generator.name,
        digest=generator.digest,
        neighbours=[NeighbourInfo(**dataclasses.asdict(neighbour)) for neighbour in found],
    )
    return Response(listed.model_dump_json(), media_type="application/json")


def _read_latent(
    body: NeighboursBody, generator: ServedGenerator, settings: Settings
) -> NDArray[np.float32]:
    if body.latent is not None:
        limit = settings.max_latent_magnitude
        check_row(body.latent, generator.spec.z_dim, limit, "latent")
        return np.asarray(body.latent, np.float32)
    assert body.seed is not None
    label = 0 if generator.spec.is_conditional else None
    z: NDArray[np.float32] = sample_latents(generator.spec, [body.seed], label).z[0]
    return z

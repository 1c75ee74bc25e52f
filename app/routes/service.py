"""`Service`: what the routes reach; made by the factory, filled by the lifespan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from app.catalog import Catalog
from app.errors import NotReady
from app.inversions import Inversions
from app.metrics import Metrics
from app.renderer import Renderer
from app.settings import Settings
from app.upload_room import UploadRoom


@dataclass
class Service:
    """One app's parts; those that may be None exist while the lifespan lasts."""

    settings: Settings
    metrics: Metrics
    catalog: Catalog | None = None
    renderer: Renderer | None = None
    inversions: Inversions | None = None
    upload_room: UploadRoom = field(default_factory=UploadRoom)

    def require_renderer(self) -> Renderer:
        """Return the renderer; NotReady before and after the lifespan."""
        if self.renderer is None:
            raise NotReady("The service is starting or stopping.")
        return self.renderer


async def _get_service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _get_catalog(request: Request) -> Catalog:
    service: Service = request.app.state.service
    if service.catalog is None:
        raise NotReady("The service is starting or stopping.")
    return service.catalog


async def _get_renderer(request: Request) -> Renderer:
    service: Service = request.app.state.service
    return service.require_renderer()


async def _get_inversions(request: Request) -> Inversions:
    service: Service = request.app.state.service
    if service.inversions is None:
        raise NotReady("The service is starting or stopping.")
    return service.inversions


ServiceOf = Annotated[Service, Depends(_get_service)]
CatalogOf = Annotated[Catalog, Depends(_get_catalog)]
RendererOf = Annotated[Renderer, Depends(_get_renderer)]
InversionsOf = Annotated[Inversions, Depends(_get_inversions)]

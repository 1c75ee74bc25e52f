"""`create_app`: the service as one ASGI app. The lifespan starts and drains it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI
from starlette.types import ASGIApp

from app.catalog import load_catalog
from app.error_handlers import install_error_handlers
from app.films.writer import film_version
from app.image_encoding import load_encoders
from app.inversions import Inversions
from app.metrics import Metrics, RequestMetrics
from app.renderer import Renderer
from app.routes import (
    avatars,
    directions,
    explore,
    generate,
    health,
    images,
    inference,
    inference_models,
    inference_statistics,
    interpolate,
    invert,
    jobs,
    latents,
    mix,
    models,
    neighbours,
    openai_images,
    verify,
)
from app.routes.direct import DirectRoutes
from app.routes.documentation import document
from app.routes.pages import install_pages
from app.routes.service import Service
from app.settings import Settings
from app.version import installed_version

_DESCRIPTION = (
    "Images from trained GANs. Equal seeds and parameters give equal bytes: alone, in any batch, "
    "under any load, after a restart. Errors are RFC 9457 problem documents."
)

# In the order of the API's page. Statistics come before the models of the dialect: `stats` in
# their path would be taken for a model's name.
_ROUTES = (
    *(generate, interpolate, images, latents, explore, mix, avatars),
    *(verify, invert, jobs, models, directions, neighbours, health),
    *(inference_statistics, inference_models, inference, openai_images),
)

# The server has drained before the lifespan ends, so what is left is a batch that hangs.
_WORKERS_END_S = 5.0


def create_app(settings: Settings | None = None, service: Service | None = None) -> FastAPI:
    """Build the app; its lifespan loads the weights and starts the workers.

    `service` is for a caller that has made its own parts: a catalog in it is served as it
    is, not loaded again. Without settings they are read from the environment.
    """
    service = service or Service(settings or Settings(), Metrics())
    app = _DirectApp(
        title="ganloom",
        version=installed_version(),
        description=_DESCRIPTION,
        lifespan=_lifespan,
        # The names of the functions in clients that are generated.
        generate_unique_id_function=lambda route: route.name,
        docs_url=None,
        redoc_url=None,
        # Prometheus it is; without this each request asks OpenTelemetry whether it is there.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.service = service
    for module in _ROUTES:
        app.include_router(module.router)
    install_pages(app)
    install_error_handlers(app)
    document(app)
    return app


class _DirectApp(FastAPI):
    """FastAPI, whose two busiest routes go around all of its middleware."""

    def build_middleware_stack(self) -> ASGIApp:
        """Put the direct routes in front of the whole stack, and count what either answers."""
        service: Service = self.state.service
        direct = DirectRoutes(super().build_middleware_stack(), service)
        return RequestMetrics(direct, service.metrics)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load, serve, drain. A catalog that cannot be loaded stops the start."""
    service: Service = app.state.service
    settings, metrics = service.settings, service.metrics
    catalog = service.catalog
    if catalog is None:
        catalog = await asyncio.to_thread(load_catalog, settings, metrics)
    await asyncio.to_thread(load_encoders)
    await asyncio.to_thread(film_version)
    catalog.start()
    renderer = Renderer(catalog, settings, metrics)
    service.renderer, service.catalog = renderer, catalog
    inversions = service.inversions = Inversions(settings, metrics.jobs)
    watch = asyncio.create_task(catalog.watch(settings.canary_period_s))
    try:
        yield
    finally:
        watch.cancel()
        service.renderer = service.catalog = service.inversions = None
        await inversions.close()
        await catalog.close(min(settings.drain_s, _WORKERS_END_S))
        renderer.close()

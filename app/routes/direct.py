"""`DirectRoutes`: the two busiest routes without the framework's way to them.

FastAPI's middleware, routing and dependencies take as long as rendering a third of an image.
The same functions answer either way: only a request that is plainly theirs is taken here, and
whatever is odd about it is left to FastAPI, whose routes also describe them in OpenAPI.
"""

from __future__ import annotations

import re
from types import SimpleNamespace

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import ServiceError, problem_response, report_defect
from app.routes.generate import answer_generate
from app.routes.images import answer_image
from app.routes.service import Service
from app.schemas import ImageQuery
from model.latents import MAX_SEED

_IMAGE = re.compile(r"/images/(0|[1-9][0-9]{0,15})\.(png|jpg|webp)")
_PLAIN_QUERY = ImageQuery()

# What RequestMetrics counts them under: the templates of their FastAPI routes.
_GENERATE_ROUTE = SimpleNamespace(path="/generate")
_IMAGE_ROUTE = SimpleNamespace(path="/images/{seed}.{extension}")


class DirectRoutes:
    """ASGI middleware that answers POST /generate and GET /images/{seed}.{extension}."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for one of the two; pass anything else on."""
        try:
            response = await self._answer(scope, receive)
        except ServiceError as error:
            response = problem_response(error)
        except Exception as error:
            response = problem_response(report_defect(error))
        await (response or self.app)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response | None:
        if scope["type"] != "http":
            return None
        method, path = scope["method"], scope["path"]
        if method == "POST" and path == "/generate":
            scope["route"] = _GENERATE_ROUTE
            return await answer_generate(Request(scope, receive), self.service)
        if method != "GET" or scope["query_string"]:
            return None
        match = _IMAGE.fullmatch(path)
        if match is None or (seed := int(match[1])) > MAX_SEED:
            return None
        scope["route"] = _IMAGE_ROUTE
        renderer = self.service.require_renderer()
        return await answer_image(Request(scope, receive), renderer, seed, match[2], _PLAIN_QUERY)

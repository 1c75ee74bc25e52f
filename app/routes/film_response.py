"""The response that carries a film while it is being made."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from app.errors import ClientGone, ServiceError
from app.film_stream import FilmStream
from app.render_plan import RenderPlan
from app.renderer import Renderer
from app.routes.deadline import read_deadline_s
from app.routes.disconnection import run_unless_gone
from app.routes.responses import identity_headers, timing_headers

# A client that takes nothing for so long has its connection closed.
_MAX_STALL_S = 30.0

_log = logging.getLogger(__name__)


async def film_response(
    request: Request, renderer: Renderer, plan: RenderPlan, headers: dict[str, str]
) -> Response:
    """Render the first frames and return the response that sends them and the rest.

    So whatever is refused is refused by a problem document. The timing in the headers is that
    of the first frames. Raises ServiceError.
    """
    limit_s = read_deadline_s(request)

    async def begin() -> tuple[FilmStream, dict[str, str]]:
        stream = await renderer.open_film(plan, limit_s)
        return stream, timing_headers(await stream.start())

    stream, timing = await run_unless_gone(request, begin())
    told = {**identity_headers(plan), **timing, **headers}
    return FilmResponse(stream, told, plan.request.image_format.media_type)


class FilmResponse(Response):
    """Sends chunks as they are ready, no faster than they are read.

    A film that fails is left without its end, so that no client and no cache takes what it has
    for the whole. One whose client has left is not rendered on.
    """

    def __init__(self, stream: FilmStream, headers: dict[str, str], media_type: str) -> None:
        super().__init__(headers=headers, media_type=media_type)
        del self.headers["content-length"]  # only known at the end
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the film."""
        try:
            await run_unless_gone(Request(scope, receive), self._send(send))
        except ClientGone:
            pass
        except ServiceError as error:
            _log.warning("a film ended early: %s", error.detail)
        except TimeoutError:
            _log.info("a film ended early: its client reads nothing")

    async def _send(self, send: Send) -> None:
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        async with aclosing(self._stream):
            await send(start)
            async for chunk in self._stream.chunks():
                async with asyncio.timeout(_MAX_STALL_S):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

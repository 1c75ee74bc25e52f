"""HTTP caching (RFC 9110 section 13, RFC 9111, RFC 8246): answer without any work."""

from __future__ import annotations

import re

from fastapi import Request, Response

from app.render_plan import RenderPlan
from app.routes.responses import identity_headers

# A URL that names the digest means the same bytes for good; without it the model may change.
_IMMUTABLE = "public, max-age=31536000, immutable"
_REVALIDATED = "public, max-age=60, must-revalidate"

_ENTITY_TAG = re.compile(r'(?:W/)?("[^"]*")')


def cache_headers(plan: RenderPlan) -> dict[str, str]:
    """Return the ETag, and for how long it needs no asking."""
    names_digest = plan.request.digest is not None
    return {"ETag": plan.etag, "Cache-Control": _IMMUTABLE if names_digest else _REVALIDATED}


def answer_without_work(
    request: Request, plan: RenderPlan, headers: dict[str, str], media_type: str
) -> Response | None:
    """Answer a conditional request whose ETag matches, and HEAD; None if work is needed."""
    told = {**identity_headers(plan), **headers}
    if _matches(request, headers["ETag"]):
        return Response(status_code=304, headers=told)
    if request.method == "HEAD":
        response = Response(headers=told, media_type=media_type)
        del response.headers["content-length"]  # only known once the image is made
        return response
    return None


def _matches(request: Request, etag: str) -> bool:
    """Compare weakly, as If-None-Match asks for."""
    given = ",".join(request.headers.getlist("if-none-match"))
    return given.strip() == "*" or etag in _ENTITY_TAG.findall(given)

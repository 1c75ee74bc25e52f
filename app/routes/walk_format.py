"""How a series of frames is sent: a strip, an archive of stills, or moving pictures."""

from __future__ import annotations

from fractions import Fraction

from fastapi import Request

from app.errors import InvalidRequest
from app.films.timing import DEFAULT_FRAME_MS, FilmTiming
from app.image_encoding import AnimationFormat, ImageFormat
from app.render_plan import Layout
from app.routes.negotiation import choose_media_type
from app.walk_schemas import WalkFormat, WalkQuery

WALK_MEDIA_TYPES: dict[str, WalkFormat] = {
    "image/png": "png",
    "image/gif": "gif",
    "image/apng": "apng",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "application/zip": "zip",
}


def choose_walk_layout(
    request: Request, query: WalkQuery
) -> tuple[Layout, ImageFormat | AnimationFormat]:
    """Tell a strip and an archive of stills from moving pictures; raises NotAcceptable."""
    name = query.format
    if name is None:
        accept = request.headers.get("accept")
        name = WALK_MEDIA_TYPES[choose_media_type(accept, list(WALK_MEDIA_TYPES))]
    if name in ("png", "zip"):
        return ("strip" if name == "png" else "zip"), ImageFormat.PNG
    return "animation", AnimationFormat(name)


def choose_timing(
    query: WalkQuery, image_format: ImageFormat | AnimationFormat
) -> FilmTiming | None:
    """Take `fps` or `frame_ms`, and `loop`, for what moves; refuse them for what does not."""
    given = [name for name in ("fps", "frame_ms", "loop") if getattr(query, name) is not None]
    if not isinstance(image_format, AnimationFormat):
        if given:
            raise InvalidRequest(given[0], "only for moving pictures")
        return None
    if query.loop is not None and image_format.is_video:
        raise InvalidRequest("loop", "a video says nothing about that; its player does")
    if query.fps is None:
        return FilmTiming(Fraction(query.frame_ms or DEFAULT_FRAME_MS, 1000), query.loop or 0)
    if query.frame_ms is not None:
        raise InvalidRequest("frame_ms", "not together with fps")
    return FilmTiming(Fraction(1, query.fps), query.loop or 0)

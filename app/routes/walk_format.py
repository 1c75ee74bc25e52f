"""How a series of frames is sent: a strip, an archive of stills, or moving pictures."""

from __future__ import annotations

from fastapi import Request

from app.image_encoding import AnimationFormat, ImageFormat
from app.render_plan import Layout
from app.routes.negotiation import choose_media_type
from app.schemas import WalkFormat

WALK_MEDIA_TYPES: dict[str, WalkFormat] = {
    "image/png": "png",
    "image/gif": "gif",
    "image/apng": "apng",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "application/zip": "zip",
}
TYPE_OF_WALK = {name: media_type for media_type, name in WALK_MEDIA_TYPES.items()}


def negotiate_walk(request: Request) -> WalkFormat:
    """Take the format that Accept likes best; raises NotAcceptable."""
    name: WalkFormat = WALK_MEDIA_TYPES[
        choose_media_type(request.headers.get("accept"), list(WALK_MEDIA_TYPES))
    ]
    return name


def choose_walk_layout(name: WalkFormat) -> tuple[Layout, ImageFormat | AnimationFormat]:
    """Tell a strip and an archive of stills from moving pictures."""
    if name in ("png", "zip"):
        return ("strip" if name == "png" else "zip"), ImageFormat.PNG
    return "animation", AnimationFormat(name)

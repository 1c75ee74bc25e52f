"""What an Accept header asks for (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence

from app.errors import NotAcceptable

_MAX_RANGES = 64


def choose_media_type(accept: str | None, offered: Sequence[str]) -> str:
    """Return the offered media type that `accept` likes best; the first offered wins a tie.

    No header accepts all. Raises NotAcceptable when it leaves none.
    """
    if accept is None or accept.strip() in ("", "*/*"):
        return offered[0]
    ranges = _parse(accept)
    ranked = [(_quality(media_type, ranges), media_type) for media_type in offered]
    quality, chosen = max(ranked, key=lambda entry: entry[0])
    if quality <= (0.0, 0):
        raise NotAcceptable(f"This resource is sent as: {', '.join(offered)}.")
    return chosen


def _parse(accept: str) -> dict[str, float]:
    """Return the quality of each media range, parameters aside."""
    ranges = {}
    for part in accept.split(",")[:_MAX_RANGES]:
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                quality = _parse_quality(parameter[2:])
        if name:
            ranges[name] = quality
    return ranges or {"*/*": 1.0}


def _parse_quality(text: str) -> float:
    """Read a quality value; one that cannot be read refuses its range."""
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0


def _quality(media_type: str, ranges: dict[str, float]) -> tuple[float, int]:
    """Return the quality by the most specific range that fits, then how specific it is."""
    kind = media_type.split("/")[0]
    for specificity, name in ((2, media_type), (1, f"{kind}/*"), (0, "*/*")):
        if name in ranges:
            return (ranges[name], specificity) if ranges[name] > 0 else (0.0, 0)
    return (0.0, -1)

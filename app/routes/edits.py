"""`edits` in a query: glasses:1.5,sefa-3:-2."""

from __future__ import annotations

from app.errors import InvalidRequest
from model.edits import Edits, parse_edits


def read_edits(text: str | None) -> Edits:
    """Read the parameter; raises InvalidRequest."""
    if text is None:
        return ()
    try:
        return parse_edits(text)
    except ValueError as error:
        raise InvalidRequest("edits", str(error)) from error

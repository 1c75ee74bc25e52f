"""X-Deadline-Ms: how long a client will wait for an answer."""

from __future__ import annotations

import re
from typing import Any

from fastapi import Request

from app.errors import InvalidRequest

_NAME = "X-Deadline-Ms"
_MILLISECONDS = re.compile(r"[1-9][0-9]{0,8}")

DEADLINE_HEADER: dict[str, Any] = {
    "parameters": [
        {
            "name": _NAME,
            "in": "header",
            "required": False,
            "description": (
                "how long the answer is wanted, in ms; refused at once with a 504 if the queue "
                "needs longer"
            ),
            "schema": {"type": "integer", "minimum": 1, "maximum": 10**9 - 1},
        }
    ]
}


def read_deadline_s(request: Request) -> float | None:
    """Return the time that the client leaves, None if it does not say; raises InvalidRequest."""
    text = request.headers.get(_NAME)
    if text is None:
        return None
    if not _MILLISECONDS.fullmatch(text):
        raise InvalidRequest(_NAME, "milliseconds, a whole number from 1")
    return int(text) / 1e3

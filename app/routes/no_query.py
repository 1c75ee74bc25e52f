"""`NO_QUERY`: refuses a query where there is none to give, as an unknown parameter is elsewhere."""

from __future__ import annotations

from fastapi import Depends, Request

from app.errors import InvalidFields

_MAX_NAMED = 20


async def _refuse_query(request: Request) -> None:
    refuse_query(request, "there is no such parameter; this address takes no query")


def refuse_query(request: Request, detail: str) -> None:
    """Raise InvalidFields, which says `detail` of each parameter, if there is a query."""
    if not request.scope["query_string"]:
        return  # as nearly always, and then there is nothing to be parsed
    if names := list(request.query_params)[:_MAX_NAMED]:
        raise InvalidFields([(name, detail) for name in names])


NO_QUERY = [Depends(_refuse_query)]

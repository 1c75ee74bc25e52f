"""`Departures`: the HTTP protocol, which tells a request at once when its client hangs up.

ASGI tells it by a message, for which a task would have to wait beside each request.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from app.joined_writes import JoinedWrites

_DEPARTURE = "ganloom.departure"


class Departures(JoinedWrites):
    """Puts a future into each request's scope that is done when the connection is lost."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note that somebody is there."""
        super().connection_made(transport)
        self._departure: asyncio.Future[None] = self.loop.create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell all who wait for it."""
        super().connection_lost(exc)
        self._departure.set_result(None)

    def on_message_begin(self) -> None:
        """Put it where the app finds it."""
        super().on_message_begin()
        self.scope["extensions"] = {_DEPARTURE: self._departure}  # type: ignore[dict-item]


def find_departure(scope: MutableMapping[str, Any]) -> asyncio.Future[None] | None:
    """Return the future that is done when the client has gone; None where no server gives one."""
    departure: asyncio.Future[None] | None = (scope.get("extensions") or {}).get(_DEPARTURE)
    return departure

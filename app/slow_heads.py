"""`PromptHeads`: the HTTP protocol, which waits for the head of a request only so long.

uvicorn limits the wait between requests, but neither for the first nor within one; so a client
that sends a byte a minute would hold its connection for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any

from app.departures import Departures


class PromptHeads(Departures):
    """Closes a connection that does not send a whole head within `head_limit_s`."""

    def __init__(self, head_limit_s: float = 30.0, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._head_limit_s = head_limit_s
        self._head_timer: asyncio.TimerHandle | None = None
        self._is_within_head = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._forget_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived; a head that arrives whole, as nearly all do, costs no timer."""
        super().data_received(data)
        if self._is_within_head and self._head_timer is None:
            self._expect_head()

    def on_message_begin(self) -> None:
        """Note that a head has begun."""
        self._is_within_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that it is whole."""
        self._is_within_head = False
        self._forget_timer()
        super().on_headers_complete()

    def _expect_head(self) -> None:
        self._head_timer = self.loop.call_later(self._head_limit_s, self.transport.close)

    def _forget_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

"""`JoinedWrites`: the HTTP protocol, which sends the head of an answer together with its body.

uvicorn writes them one after the other, and each write is a system call and a packet that
wakes the client: for a small image as much work as all its headers.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD = b"HTTP/1.1 "
# A long body is not worth copying.
_MAX_JOINED_BYTES = 2**16


class JoinedWrites(HttpToolsProtocol):
    """Answers in one piece where it can."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Stand between uvicorn and the transport."""
        super().connection_made(transport)
        self.transport = _JoiningTransport(transport, self.loop)  # type: ignore[assignment]


class _JoiningTransport:
    """Holds a head back until its body comes, or to the end of this turn of the event loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""

    def write(self, data: bytes) -> None:
        """Send `data` after what is held, in one piece if it is short; hold a head."""
        if self._held:
            if len(data) <= _MAX_JOINED_BYTES:
                data = self._held + data
                self._held = b""
            else:
                self._flush()
        elif data[: len(_HEAD)] == _HEAD:
            self._held = data
            self._loop.call_soon(self._flush)
            return
        self._transport.write(data)

    def close(self) -> None:
        """Close it once everything has been sent."""
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        """Be the transport in all else."""
        return getattr(self._transport, name)

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

"""`Connection`: one keep-alive connection to a server on this machine, one request at a time."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Protocol, cast

from benchmarks.http_answers import Answer, AnswerError, AnswerReader

# A load generator aimed at somebody else's machine is an attack.
LOOPBACK = "127.0.0.1"
_RECONNECT_S = 0.05


class Client(Protocol):
    """Whoever drives connections, and is told what comes of them."""

    def on_ready(self, connection: Connection) -> None:
        """Take a connection that has just been made."""

    def on_answer(self, connection: Connection, answer: Answer) -> None:
        """Take the answer to what `connection` sent last."""

    def on_lost(self, connection: Connection) -> None:
        """Take note that a connection is gone; `is_busy` says whether a request died with it."""


class Connection(asyncio.Protocol):
    """Sends what it is told, times nothing; `started` is the caller's own note of the request."""

    __slots__ = ("_client", "_reader", "_transport", "is_busy", "started")

    def __init__(self, client: Client) -> None:
        self._client = client
        self._reader = AnswerReader()
        self._transport: asyncio.Transport | None = None
        self.started = 0.0
        self.is_busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # uvloop's is none by inheritance, only by its methods.
        self._transport = cast(asyncio.Transport, transport)
        self._client.on_ready(self)

    def send(self, request: bytes, started: float) -> None:
        """Send one whole request."""
        assert self._transport is not None
        self.started = started
        self.is_busy = True
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Hand an answer on once it is whole."""
        try:
            answer = self._reader.feed(data)
        except AnswerError:
            self.reset()
            return
        if answer is None:
            return
        self.is_busy = False
        if answer.is_last:
            self.close()
        self._client.on_answer(self, answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the client; a request without its answer is an error."""
        del exc
        self._transport = None
        self._client.on_lost(self)

    @property
    def is_open(self) -> bool:
        """Whether another request can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """Hang up in an orderly way."""
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Hang up as a killed process does, with a TCP reset."""
        if self._transport is None:
            return
        wire = self._transport.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()


async def connect(client: Client, port: int) -> None:
    """Open a connection for `client`, however often the server refuses it."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            await loop.create_connection(lambda: Connection(client), LOOPBACK, port)
        except OSError:
            await asyncio.sleep(_RECONNECT_S)
        else:
            return

"""`LaneConnection`: the service's end of the socket to a lane, one question at a time.

Streams would copy each answer twice more, and take two turns of the event loop for it.
"""

from __future__ import annotations

import asyncio
import socket
from typing import cast

from app.framing import LENGTH, frame

_ROOM_BYTES = 2**16


class LaneError(RuntimeError):
    """The lane could not do what it was asked for; the message is that of its process."""


class LaneConnection(asyncio.BufferedProtocol):
    """Asks and reads answers into one buffer, which grows to the longest of them."""

    def __init__(self) -> None:
        self.has_ended = False
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[memoryview] | None = None
        self._buffer = bytearray(_ROOM_BYTES)
        self._filled = 0

    async def ask(self, message: bytes) -> memoryview:
        """Send a message and return the answer, which holds until the next one is asked for.

        LaneError if the other end is gone, or if an earlier question was given up: its answer
        still comes, and would be taken for this one's.
        """
        if self.has_ended or self._transport is None:
            raise _ended()
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(frame(message))
        try:
            return await self._answer
        except asyncio.CancelledError:
            self.has_ended = True
            raise

    def close(self) -> None:
        """Let go of the socket at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        # By `cast`, as uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's
        """Fail whoever waits."""
        self.has_ended = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(_ended())

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the protocol's
        """Return where the next bytes go."""
        return memoryview(self._buffer)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Hand the answer over once it is whole."""
        self._filled += nbytes
        if self._filled < LENGTH.size:
            return
        end = LENGTH.size + LENGTH.unpack_from(self._buffer)[0]
        if self._filled < end:
            if end > len(self._buffer):
                # Not in place: somebody may still hold a view of the last answer.
                self._buffer = self._buffer[: self._filled] + bytes(end - self._filled)
            return
        self._filled = 0
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(memoryview(self._buffer)[LENGTH.size : end])


async def connect_lane(end: socket.socket) -> LaneConnection:
    """Take `end`, a connected socket, onto the running event loop."""
    _, connection = await asyncio.get_running_loop().create_connection(LaneConnection, sock=end)
    return connection


def _ended() -> LaneError:
    return LaneError("the process of a lane has ended")

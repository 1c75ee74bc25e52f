"""`EarlyRefusal`: the HTTP protocol, which may answer 429 before it parses a request.

A service at five times its capacity refuses four requests for each that it answers, on the
cores that render. Parsed, routed and answered by FastAPI a refusal takes as long as a tenth of
an image, and so overload would eat the service.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.errors import Overloaded, problem_response
from app.routes.service import Service

_START = b"POST /generate HTTP/1.1\r\n"
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*(?=\r\n)", re.IGNORECASE)
# What changes where a request ends or what becomes of its connection.
_ODD = re.compile(
    rb"\r\n(?:transfer-encoding|upgrade|expect)[ \t]*:|\r\nconnection:(?![ \t]*keep-alive\r\n)",
    re.IGNORECASE,
)


class RefusalGate:
    """Counts the POST /generate that were let in, over all connections, and refuses the rest.

    A queue grows only when a request has been read, some turns of the event loop later: were it
    alone asked, all that arrive in between would be let in and parsed, to be refused after all.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._unanswered = 0

    def refuse(self, default_headers: list[tuple[bytes, bytes]]) -> bytes | None:
        """Return the answer if there is no room for one image more, else let the request in."""
        renderer = self._service.renderer
        if renderer is None:
            return None
        try:
            renderer.require_room(self._unanswered)
        except Overloaded as error:
            self._service.metrics.observe_refusal("/generate", error.status)
            return _write_answer(error.retry_after_s, tuple(default_headers))
        return None

    def enter(self) -> None:
        """Count a request in."""
        self._unanswered += 1

    def leave(self) -> None:
        """Count a request out that was answered or given up."""
        self._unanswered -= 1


class EarlyRefusal(HttpToolsProtocol):
    """Refuses a whole POST /generate where the gate does; leaves all else to uvicorn."""

    def __init__(self, gate: RefusalGate, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._gate = gate
        self._is_between_requests = True
        self._is_counted = False

    def data_received(self, data: bytes) -> None:
        """Refuse or parse what has arrived."""
        if not (data.startswith(_START) and self._is_idle() and _is_whole(data)):
            super().data_received(data)
        elif refusal := self._gate.refuse(self.server_state.default_headers):
            self._refuse(refusal)
        else:
            self._gate.enter()
            self._is_counted = True
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Note that the parser is within a request, which it alone can end."""
        self._is_between_requests = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Note that what comes next is another request."""
        self._is_between_requests = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Count the request out."""
        self._count_out()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the request out, if there is one."""
        self._count_out()
        super().connection_lost(exc)

    def _refuse(self, refusal: bytes) -> None:
        self.transport.write(refusal)
        self.server_state.total_requests += 1
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _count_out(self) -> None:
        if self._is_counted:
            self._is_counted = False
            self._gate.leave()

    def _is_idle(self) -> bool:
        """Whether an answer may be written now, and would not have to be logged."""
        is_answered = self.cycle is None or self.cycle.response_complete
        is_free = self._is_between_requests and is_answered and not self.flow.write_paused
        return is_free and not self.access_log


def _is_whole(data: bytes) -> bool:
    """Whether `data` is one request to its end, and nothing after it."""
    head = data.find(_END)
    lengths = _LENGTH.findall(data, 0, head + len(_END))
    if head < 0 or len(lengths) != 1 or _ODD.search(data, 0, head + len(_END)):
        return False
    return len(data) == head + len(_END) + int(lengths[0])


@lru_cache(maxsize=16)  # the date among the headers changes every second
def _write_answer(retry_after_s: int, default_headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Write the same answer that the routes give."""
    response = problem_response(Overloaded(retry_after_s))
    headers = [*default_headers, *response.raw_headers]
    lines = [b"HTTP/1.1 429 Too Many Requests", *(b": ".join(header) for header in headers)]
    return b"\r\n".join(lines) + _END + bytes(response.body)

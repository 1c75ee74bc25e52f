"""`EarlyRefusal`: the HTTP protocol, which may answer 429 before it parses a request.

A service at five times its capacity refuses four requests for each that it answers, on the
cores that render. Parsed, routed and answered by FastAPI a refusal takes as long as a tenth of
an image, and so overload would eat the service.
"""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache
from typing import Any

from app.errors import Overloaded
from app.malformed_heads import MalformedHeads, write_problem
from app.routes.service import Service

# A whole head, and nothing that one parser might read otherwise than another.
_HEAD = re.compile(
    rb"POST /generate HTTP/1\.1\r\n"
    rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)+\r\n"
)
_LENGTH = re.compile(rb"\ncontent-length:([^\r]*)", re.IGNORECASE)
# What changes where a request ends or what becomes of its connection.
_ODD = re.compile(
    rb"\n(?:transfer-encoding|upgrade|expect):|\nconnection:(?![ \t]*keep-alive\r\n)",
    re.IGNORECASE,
)


class RefusalGate:
    """Says which POST /generate are refused, of all connections.

    A queue grows only when a request is read, a turn of the event loop after it has arrived.
    Those that arrive in one turn are counted here meanwhile, or all of them would be let in
    and parsed, to be refused after all.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._arriving = 0

    def refuse(self, default_headers: list[tuple[bytes, bytes]]) -> bytes | None:
        """Return the answer if the default model's queue has no room for one more, else None."""
        renderer = self._service.renderer
        if renderer is None:
            return None
        try:
            renderer.require_default_room(self._arriving)
        except Overloaded as error:
            self._service.metrics.observe_refusal("/generate", error.status)
            return _write_answer(error.retry_after_s, tuple(default_headers))
        return None

    def let_in(self, loop: asyncio.AbstractEventLoop) -> None:
        """Count a request whose task has just been made, until that has had its turn."""
        self._arriving += 1
        loop.call_soon(self._forget)

    def _forget(self) -> None:
        self._arriving -= 1


class EarlyRefusal(MalformedHeads):
    """Refuses a POST /generate that arrives whole and names no model; leaves the rest to uvicorn.

    A client that sends head and body apart is refused by the route.
    """

    def __init__(self, gate: RefusalGate, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._gate = gate
        self._is_between_requests = True

    def data_received(self, data: bytes) -> None:
        """Refuse or parse what has arrived."""
        body = _body_of(data) if self._is_idle() else None
        if body is None or _names_model(body):
            super().data_received(data)
        elif refusal := self._gate.refuse(self.server_state.default_headers):
            self._refuse(refusal)
        else:
            super().data_received(data)
            self._gate.let_in(self.loop)

    def on_message_begin(self) -> None:
        """Note that the parser is within a request, which it alone can end."""
        self._is_between_requests = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Note that what comes next is another request."""
        self._is_between_requests = True
        super().on_message_complete()

    def _refuse(self, refusal: bytes) -> None:
        self.transport.write(refusal)
        self.server_state.total_requests += 1
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _is_idle(self) -> bool:
        """Whether an answer may be written now, and would not have to be logged."""
        is_answered = self.cycle is None or self.cycle.response_complete
        is_free = self._is_between_requests and is_answered and not self.flow.write_paused
        return is_free and not self.access_log


def _body_of(data: bytes) -> bytes | None:
    """Return the body if `data` is one POST /generate to its end, and nothing after it."""
    head = _HEAD.match(data)
    if head is None or _ODD.search(data, 0, head.end()):
        return None
    body = data[head.end() :]
    lengths = [length.strip(b" \t") for length in _LENGTH.findall(data, 0, head.end())]
    return body if lengths == [b"%d" % len(body)] else None


def _names_model(body: bytes) -> bool:
    """Whether a body may name a model: a key may be written with escapes."""
    return b'"model"' in body or b"\\u" in body


@lru_cache(maxsize=16)  # the date among the headers changes every second
def _write_answer(retry_after_s: int, default_headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    return write_problem(Overloaded(retry_after_s), default_headers)

"""`AnswerReader`: the answers on one HTTP/1.1 connection, cut out of its bytes.

Only what a load generator needs, because a full parser would cost more than the answer: one
request at a time, bodies of a known length. Anything else is an AnswerError, never a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEAD_END = b"\r\n\r\n"
_MAX_HEAD_BYTES = 65536
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n")
_ETAG = re.compile(rb"\r\netag:[ \t]*([^\r]*)\r\n", re.IGNORECASE)


class AnswerError(Exception):
    """Bytes that are no HTTP/1.1 answer of a known length."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is kept of one answer."""

    status: int
    etag: str  # "" if there is none
    has_retry_after: bool
    is_last: bool  # the server closes the connection after it


class AnswerReader:
    """Takes the bytes of a connection as they come; gives each answer once it is whole."""

    __slots__ = ("_answer", "_head", "_missing_bytes")

    def __init__(self) -> None:
        self._head = b""
        self._missing_bytes = 0
        self._answer: Answer | None = None

    def feed(self, data: bytes) -> Answer | None:
        """Take bytes in; return the answer they end, None if it goes on.

        AnswerError if they are not what was asked for, more than it included.
        """
        if self._answer is None:
            data = self._read_head(self._head + data if self._head else data)
            if self._answer is None:
                return None
        self._missing_bytes -= len(data)
        if self._missing_bytes > 0:
            return None
        if self._missing_bytes < 0:
            raise AnswerError(f"{-self._missing_bytes} bytes more than the answer's length")
        answer, self._answer = self._answer, None
        return answer

    def _read_head(self, data: bytes) -> bytes:
        """Parse the head if it is whole and return the bytes after it."""
        end = data.find(_HEAD_END)
        if end < 0:
            if len(data) > _MAX_HEAD_BYTES:
                raise AnswerError("a head without an end")
            self._head = data
            return b""
        self._head = b""
        if not data.startswith(b"HTTP/1.1 ") or not data[9:12].isdigit():
            raise AnswerError(f"no HTTP/1.1 answer: {data[:40]!r}")
        status = int(data[9:12])
        head = data[: end + 2]
        lower = head.lower()
        etag = _ETAG.search(head) if b"\r\netag:" in lower else None
        self._answer = Answer(
            status=status,
            etag=etag[1].decode("latin-1") if etag else "",
            has_retry_after=b"\r\nretry-after:" in lower,
            is_last=b"\r\nconnection: close\r\n" in lower,
        )
        self._missing_bytes = _body_bytes(status, lower)
        return data[end + 4 :]


def _body_bytes(status: int, lower_head: bytes) -> int:
    if status in (204, 304):  # RFC 9112 section 6.3: never a body, whatever the length says
        return 0
    length = _LENGTH.search(lower_head)
    if length is None:
        raise AnswerError(f"an answer {status} without a Content-Length")
    return int(length[1])

"""`MalformedHeads`: the HTTP protocol, which says in a problem document what is no HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from app.errors import RouterError, ServiceError, problem_response
from app.slow_heads import PromptHeads

# httptools counts the characters of an address in 16 bits.
_DETAIL = "This is not an HTTP/1.1 request, or its address is longer than 65,535 characters."

Headers = Sequence[tuple[bytes, bytes]]


class MalformedHeads(PromptHeads):
    """Answers a head that cannot be parsed as all other errors are answered, and hangs up."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- uvicorn's own words
        """Answer in the place of the app, which is never asked."""
        headers = [*self.server_state.default_headers, (b"connection", b"close")]
        self.transport.write(write_problem(RouterError(400, _DETAIL), headers))
        self.transport.close()


def write_problem(error: ServiceError, more_headers: Headers) -> bytes:
    """Write the bytes of the answer that the routes give to `error`."""
    response = problem_response(error)
    headers = [*more_headers, *response.raw_headers]
    status = f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}".encode("ascii")
    lines = [status, *(b": ".join(header) for header in headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + bytes(response.body)

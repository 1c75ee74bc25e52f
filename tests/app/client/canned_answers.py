"""A client that is given its answers, without a service."""

from __future__ import annotations

import httpx

from app.client import Ganloom


def refusing(*answers: httpx.Response) -> httpx.MockTransport:
    """Return a transport that gives these answers in turn."""
    left = list(answers)
    return httpx.MockTransport(lambda _: left.pop(0))


def put_in(client: Ganloom, transport: httpx.MockTransport) -> None:
    """Have a client ask `transport` instead of a socket."""
    client.close()
    client._connection._http = httpx.Client(base_url="http://x", transport=transport)

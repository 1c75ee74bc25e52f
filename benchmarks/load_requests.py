"""Requests as bytes, rendered before or between the answers and never while one is timed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from benchmarks.connections import LOOPBACK


def fresh_seed_requests(path: str, port: int) -> Iterator[bytes]:
    """Yield `POST path {"seed": N}`, each seed used once.

    A server that remembered answers would win nothing by it: no seed comes twice, in this
    measurement or, but for a great chance, in another.
    """
    first = random.SystemRandom().randrange(10**9, 9 * 10**9)
    body_bytes = len('{"seed":1234567890}')
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {body_bytes}\r\n\r\n"
    ).encode()
    for seed in itertools.count(first):
        yield b'%b{"seed":%d}' % (head, seed)


def post_request(path: str, port: int, body: str) -> bytes:
    """Return one POST with a body of JSON."""
    content = body.encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def conditional_request(path: str, port: int, etag: str) -> bytes:
    """Return a GET that wants the body only if it is not the one of `etag`."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nIf-None-Match: {etag}\r\n\r\n".encode()
    )

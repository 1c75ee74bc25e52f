"""The body of a request, bounded while it arrives."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from app.errors import (
    BodyTimeout,
    BodyTooLarge,
    ClientGone,
    InvalidFields,
    UnsupportedEncoding,
)
from app.settings import Settings
from app.validation import describe_validation

BodyT = TypeVar("BodyT", bound=BaseModel)

# A client that is still sending reads no answer, so a body that is too long is read on,
# up to here, and thrown away.
_MAX_DISCARDED_BYTES = 2**26
_MAX_DISCARD_S = 5.0


async def read_json_body(request: Request, shape: type[BodyT], settings: Settings) -> BodyT:
    """Read the body as `shape`; an empty body is an empty object.

    pydantic's own parser bounds the depth and the digits of a number. Raises the
    ServiceError that says what is wrong.
    """
    body = await read_bounded_body(request, settings.max_body_bytes, settings.deadline_s)
    return parse_json(body, shape)


def parse_json(body: bytes, shape: type[BodyT]) -> BodyT:
    """Parse `body` as `shape`, nothing as an empty object; InvalidFields names what is wrong."""
    try:
        return shape.model_validate_json(body or b"{}")
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise InvalidFields(describe_validation(found, shape)) from error


async def read_bounded_body(request: Request, max_bytes: int, limit_s: float) -> bytes:
    """Read the body of at most `max_bytes` within `limit_s`; raises ServiceError."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedEncoding("Send the body uncompressed.")
    body = bytearray()
    stream = request.stream()
    try:
        async with asyncio.timeout(limit_s):
            async for chunk in stream:
                body += chunk
                if len(body) > max_bytes:
                    await _discard(stream)
                    raise BodyTooLarge(f"At most {max_bytes} bytes.")
    except ClientDisconnect as error:
        raise ClientGone("The client left before its body had arrived.") from error
    except TimeoutError as error:
        raise BodyTimeout("The body did not arrive in time.") from error
    return bytes(body)


async def _discard(stream: AsyncIterator[bytes]) -> None:
    """Read on without keeping, for a while."""
    discarded = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_MAX_DISCARD_S):
            async for chunk in stream:
                discarded += len(chunk)
                if discarded > _MAX_DISCARDED_BYTES:
                    return

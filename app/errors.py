"""`ServiceError`, each with its status, and the RFC 9457 problem documents made of them.

ServiceError
├── InvalidRequest       422  a field is wrong, and named
├── UnknownModel         404  no such model, or another digest
├── NotAcceptable        406  no media type that the client accepts
├── UnknownJob           404  there never was such a job
├── BodyTimeout          408  the body did not arrive in time
├── NoResultYet          409  the job has not found anything, or never will
├── ForgottenJob         410  the job has ended, and is not kept any more
├── BodyTooLarge         413  more bytes than a body may have
├── UnsupportedEncoding  415  a compressed request body
├── UnsupportedMedia     415  a body that is no image
├── Overloaded           429  the queue is full; Retry-After says for how long
├── ClientGone           499  nobody is left to answer; never seen
├── GeneratorFailed      500  the device failed; never the client's doing
├── NotReady             503  starting, stopping, or the weights are not right
└── DeadlineExceeded     504  took longer than a request may
"""

# ruff: noqa: N818 -- an answer is named for what it says to the client, as HTTP names its own.
from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Response

PROBLEM_MEDIA_TYPE = "application/problem+json"

_MAX_TEXT = 300
# Of what we say ourselves: holds the names of some hundred directions.
_MAX_DETAIL = 1500

_log = logging.getLogger(__name__)


class ServiceError(Exception):
    """An answer other than the one asked for; `detail` is read by the client."""

    status: int = 500
    title: str = "Internal error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def fields(self) -> Sequence[tuple[str, str]]:
        """The (field, what is wrong with it) that this error is about."""
        return ()

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that the response carries besides its type."""
        return {}


class InvalidRequest(ServiceError):
    """One field has a value that cannot be served."""

    status = 422
    title = "Invalid request"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{_bounded(field)}: {detail}")
        self._fields: Sequence[tuple[str, str]] = ((field, detail),)

    @property
    def fields(self) -> Sequence[tuple[str, str]]:
        """The one field."""
        return self._fields


class InvalidFields(InvalidRequest):
    """Several fields are wrong; what pydantic found."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        super().__init__(*fields[0])
        self._fields = tuple(fields)


class UnknownModel(ServiceError):
    """No such model is served, or not with that digest."""

    status = 404
    title = "Unknown model"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self._fields = ((field, detail),)

    @property
    def fields(self) -> Sequence[tuple[str, str]]:
        """The field that named it."""
        return self._fields


class UnknownJob(ServiceError):
    """There never was such a job, as far as is known."""

    status = 404
    title = "Unknown job"


class ForgottenJob(ServiceError):
    """The job has ended, and has expired or was deleted."""

    status = 410
    title = "Forgotten job"


class NoResultYet(ServiceError):
    """The job has no result: it is not done, or did not end well."""

    status = 409
    title = "No result"


class NotAcceptable(ServiceError):
    """The Accept header leaves nothing that can be sent."""

    status = 406
    title = "Not acceptable"


class BodyTimeout(ServiceError):
    """The request body did not arrive in time."""

    status = 408
    title = "Request timeout"


class BodyTooLarge(ServiceError):
    """The request body is longer than it may be."""

    status = 413
    title = "Body too large"

    @property
    def fields(self) -> Sequence[tuple[str, str]]:
        """The body as a whole."""
        return (("body", self.detail),)


class UnsupportedEncoding(ServiceError):
    """The request body is compressed."""

    status = 415
    title = "Unsupported content encoding"


class UnsupportedMedia(ServiceError):
    """The request body is said to be something that is not read here."""

    status = 415
    title = "Unsupported media type"


class Overloaded(ServiceError):
    """The queue is full."""

    status = 429
    title = "Overloaded"

    def __init__(self, retry_after_s: float, waiting: str = "images") -> None:
        super().__init__(f"More {waiting} are waiting than the queue holds; try again later.")
        self.retry_after_s = max(1, math.ceil(retry_after_s))

    @property
    def headers(self) -> Mapping[str, str]:
        """When to come back."""
        return {"Retry-After": str(self.retry_after_s)}


class ClientGone(ServiceError):
    """The client hung up."""

    status = 499
    title = "Client closed request"


class GeneratorFailed(ServiceError):
    """The generator raised, or gave something that is not the images asked for."""

    status = 500
    title = "Generator failed"


class NotReady(ServiceError):
    """The service, or one model of it, cannot answer now."""

    status = 503
    title = "Not ready"


class DeadlineExceeded(ServiceError):
    """The request took longer than it may."""

    status = 504
    title = "Deadline exceeded"


class RouterError(ServiceError):
    """What the router found before any route of ours ran."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = HTTPStatus(status).phrase


def problem_response(error: ServiceError) -> Response:
    """Write `error` as an RFC 9457 problem document."""
    slug = error.title.lower().replace(" ", "-")
    problem: dict[str, Any] = {
        "type": f"urn:ganloom:problem:{slug}",
        "title": error.title,
        "status": error.status,
        "detail": _bounded(error.detail, _MAX_DETAIL),
    }
    if error.fields:
        problem["errors"] = [
            {
                "field": _bounded(field),
                "pointer": _pointer(field),
                "detail": _bounded(detail, _MAX_DETAIL),
            }
            for field, detail in error.fields
        ]
    # ASCII escapes, so that a surrogate from the client cannot make the answer unencodable.
    return Response(
        json.dumps(problem).encode("ascii"),
        error.status,
        {"Cache-Control": "no-store", **error.headers},
        PROBLEM_MEDIA_TYPE,
    )


def report_defect(error: Exception) -> ServiceError:
    """Log a defect of ours, and return all that a client is told of it."""
    _log.error("unforeseen error", exc_info=error)
    return ServiceError("The service failed; its log says why.")


def _bounded(text: str, most: int = _MAX_TEXT) -> str:
    """Cut a text that a client may have blown up."""
    return text if len(text) <= most else text[:most] + "..."


def _pointer(field: str) -> str:
    """Write the field as a JSON pointer in a URI fragment."""
    return _bounded("#/" + field.replace(".", "/"))

"""Every error of the app, answered in the words of the dialect that was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.dialects.inference_schemas import write_inference_error
from app.dialects.openai_schemas import write_openai_error
from app.errors import InvalidFields, RouterError, ServiceError, problem_response, report_defect
from app.validation import describe_validation

# By the first part of the path, so that an address that no route has is answered alike.
_WRITERS: dict[str, Callable[[ServiceError], Response]] = {
    "v1": write_openai_error,
    "v2": write_inference_error,
}

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def install_error_handlers(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document, or as a dialect writes errors."""
    app.add_exception_handler(ServiceError, _answer_service_error)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(Exception, _answer_unforeseen)


def _write(request: Request, error: ServiceError) -> Response:
    dialect = request.scope["path"].split("/", 2)[1:2]
    return _WRITERS.get("".join(dialect), problem_response)(error)


async def _answer_service_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    return _write(request, error)


async def _answer_validation_error(request: Request, error: Exception) -> Response:
    """Name each field; the first part of its location only says query, path or header."""
    assert isinstance(error, RequestValidationError)
    found = [{**item, "loc": item["loc"][1:] or item["loc"]} for item in error.errors()]
    described = describe_validation(found, _find_query(request), "parameter")
    return _write(request, InvalidFields(described))


def _find_query(request: Request) -> type[BaseModel] | None:
    """Return the model of the query of the route that was asked; None if it has none."""
    route = request.scope.get("route")
    params = route.dependant.query_params if isinstance(route, APIRoute) else []
    models = [param.field_info.annotation for param in params]
    return next((m for m in models if isinstance(m, type) and issubclass(m, BaseModel)), None)


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the router itself found: an unknown path, or a method it does not have."""
    assert isinstance(error, HTTPException)
    headers, detail = dict(error.headers or {}), str(error.detail)
    if error.status_code == 404:
        detail = "There is nothing at this address; see /docs."
    if error.status_code == 405 and (allowed := _find_allowed(request, headers)):
        headers["Allow"] = allowed
        detail = f"This address takes other methods: use {allowed.replace(', ', ' or ')}."
    response = _write(request, RouterError(error.status_code, detail))
    response.headers.update(headers)
    return response


def _find_allowed(request: Request, headers: Mapping[str, str]) -> str:
    """Return what may be asked at the path of `request`, as Allow has it (RFC 9110, 10.2.1)."""
    methods = [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]
    # The router's own Allow is of the first route at this path; there may be more. Below a mount,
    # whose paths no route of ours has, it is whole.
    return ", ".join(methods) or headers.get("Allow", "")


async def _answer_unforeseen(request: Request, error: Exception) -> Response:
    """Answer a defect of ours; the log has the traceback, the client only this."""
    return _write(request, report_defect(error))

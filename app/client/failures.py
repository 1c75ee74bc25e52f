"""What the service refuses, as exceptions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True)
class FieldFault:
    """One field of a request and what is wrong with it."""

    field: str
    detail: str


class GanloomError(Exception):
    """The service answered with a problem document (RFC 9457)."""

    def __init__(
        self, status: int, title: str, detail: str, faults: tuple[FieldFault, ...]
    ) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail
        self.faults = faults


class ForeignAnswerError(GanloomError):
    """Something else answered than the service: a login page, a proxy, another server."""


class OverloadedError(GanloomError):
    """Still refused for lack of room (429) after every retry."""


class UnreachableError(GanloomError):
    """No answer came: no connection, or it broke. `status` is 0."""

    def __init__(self, detail: str) -> None:
        super().__init__(0, "Unreachable", detail, ())


def raise_for_problem(answer: httpx.Response) -> None:
    """Raise GanloomError if `answer` is a refusal, or none of the service's."""
    # The service never redirects, and its pages are not for clients.
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    if answer.is_redirect or (answer.is_success and is_page):
        detail = f"{answer.url} answered with a page or a redirect: is it a ganloom service?"
        raise ForeignAnswerError(answer.status_code, "Foreign answer", detail, ())
    if answer.status_code < 400:
        return
    problem = _read(answer)
    errors = problem.get("errors")
    faults = tuple(
        FieldFault(str(item.get("field")), str(item.get("detail")))
        for item in (errors if isinstance(errors, list) else ())
        if isinstance(item, dict)
    )
    kind = OverloadedError if answer.status_code == 429 else GanloomError
    title = str(problem.get("title", answer.reason_phrase))
    raise kind(answer.status_code, title, str(problem.get("detail", "")), faults)


def read_answer(answer: httpx.Response, read: Callable[[httpx.Response], AnswerT]) -> AnswerT:
    """Return what `read` makes of an answer; ForeignAnswerError if it is none of the service's.

    A login page or a proxy may answer with any status, type and content.
    """
    try:
        return read(answer)
    except Exception as error:  # json, zipfile and Pillow raise whatever the content leads to
        detail = f"{answer.url} answered with something else: is it a ganloom service?"
        raise ForeignAnswerError(answer.status_code, "Foreign answer", detail, ()) from error


def _read(answer: httpx.Response) -> dict[str, Any]:
    """Read the problem document; something else may answer instead, such as a proxy."""
    try:
        problem = answer.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}

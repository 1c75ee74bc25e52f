"""What pydantic finds wrong with a request, in words that say what to send instead."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

from pydantic import BaseModel

_MAX_FAULTS = 20
_MAX_TEXT = 300
_MAX_NAME = 40  # of an unknown field: longer ones are cut, and likened to none

Noun = Literal["field", "parameter"]


def describe_validation(
    errors: Sequence[Any], shape: type[BaseModel] | None, noun: Noun = "field"
) -> list[tuple[str, str]]:
    """Turn pydantic's errors into (field, what is wrong with it), the first 20 of them.

    `shape` is what was validated, whose fields are named where one is unknown; None if that is
    not known. `noun` is what the client calls a field. Values are never said again.
    """
    return [
        (".".join(str(part) for part in error["loc"]) or "body", _describe(error, shape, noun))
        for error in errors[:_MAX_FAULTS]
    ]


def _describe(error: Any, shape: type[BaseModel] | None, noun: Noun) -> str:
    message = str(error["msg"])
    if error["type"] == "extra_forbidden":
        *path, name = error["loc"]
        inner = shape and _find_shape(shape, path)
        return _describe_unknown(str(name), _list_names(inner) if inner else [], noun)
    if error["type"] == "json_invalid":
        message = message.replace("Invalid JSON", _ask_for_json(shape), 1)
    return message if len(message) <= _MAX_TEXT else message[:_MAX_TEXT] + "..."


def _describe_unknown(name: str, known: Sequence[str], noun: Noun) -> str:
    """Say that there is no such field, and the one that is meant, or all that there are."""
    said = f"there is no {noun} {name}"
    if len(name) > _MAX_NAME:
        said = f"there is no {noun} {name[:_MAX_NAME]}..."
    elif near := find_near(name, known):
        return f"{said}; did you mean {near}?"
    return f"{said}; the {noun}s are {', '.join(known)}" if known else said


def find_near(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like `name`, whatever the case; None if none is."""
    folded = {one.lower(): one for one in known}
    return next((folded[one] for one in difflib.get_close_matches(name.lower(), folded, 1)), None)


def _ask_for_json(shape: type[BaseModel] | None) -> str:
    """Ask for JSON, with the first example that the fields of `shape` have."""
    fields = shape.model_fields.items() if shape else ()
    examples = ({name: field.examples[0]} for name, field in fields if field.examples)
    example = next(examples, None)
    return f"send JSON, such as {json.dumps(example)}" if example else "send JSON"


def _list_names(shape: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in shape.model_fields.items()]


def _find_shape(shape: type[BaseModel], path: Iterable[int | str]) -> type[BaseModel] | None:
    """Return the model at a location of pydantic's, whose numbers are places in lists."""
    found: type[BaseModel] | None = shape
    for part in path:
        if isinstance(part, str) and found is not None:
            named = dict(zip(_list_names(found), found.model_fields.values(), strict=True))
            found = _find_model(named[part].annotation) if part in named else None
    return found


def _find_model(annotation: Any) -> type[BaseModel] | None:
    """Return the model in a type such as list[Annotated[Model, ...]] | None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_find_model, get_args(annotation))), None)

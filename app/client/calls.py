"""`Call`: one request, built from typed arguments; the same for both clients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict
from urllib.parse import quote

StillFormat = Literal["png", "jpeg", "webp"]


class Options(TypedDict, total=False):
    """What every picture may be asked with; what is left out is the service's default."""

    model: str
    label: int | str
    truncation: float


class StillOptions(Options, total=False):
    """What a still may be asked with; `best_of` seeds, from 1 to 16, are chosen from for each."""

    best_of: int


@dataclass(frozen=True)
class Call:
    """One request. `deadline_s` is for how long its answer is wanted."""

    method: Literal["GET", "POST"]
    path: str
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    deadline_s: float | None = None

    @property
    def headers(self) -> dict[str, str]:
        """X-Deadline-Ms, if there is a deadline."""
        if self.deadline_s is None:
            return {}
        return {"X-Deadline-Ms": str(max(1, round(1e3 * self.deadline_s)))}

    def to_request(self) -> dict[str, Any]:
        """Return the arguments of httpx's `request`."""
        given: dict[str, Any] = {"method": self.method, "url": self.path, "headers": self.headers}
        if self.query:
            given["params"] = self.query
        if self.body is not None:
            given["json"] = self.body
        return given


def call_generate(
    source: dict[str, Any], options: Options, image_format: StillFormat, deadline_s: float | None
) -> Call:
    """Ask POST /generate for files of their own, with their seeds and labels."""
    given = {name: value for name, value in source.items() if value is not None}
    body = {**given, **options, "format": image_format, "layout": "json"}
    return Call("POST", "/generate", body=body, deadline_s=deadline_s)


def call_image(
    seed: int, options: Options, image_format: StillFormat, deadline_s: float | None
) -> Call:
    """Ask GET /images for one seed, which any cache on the way may answer."""
    extension = "jpg" if image_format == "jpeg" else image_format
    path = f"/images/{seed}.{extension}"
    return Call("GET", path, query=dict(options), deadline_s=deadline_s)


def call_interpolate(
    seeds: Sequence[int], options: Options, walk: dict[str, Any], deadline_s: float | None
) -> Call:
    """Ask GET /interpolate for a walk through two seeds or more; `walk` has steps and so on."""
    query = {"seeds": ",".join(map(str, seeds)), **walk, **options}
    return Call("GET", "/interpolate", query=query, deadline_s=deadline_s)


def call_model(name: str) -> Call:
    """Ask GET /models/{name}."""
    return Call("GET", f"/models/{quote(name, safe='')}")


LIST_MODELS = Call("GET", "/models")

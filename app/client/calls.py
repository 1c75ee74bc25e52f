"""`Call`: one request, built from typed arguments; the same for both clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict
from urllib.parse import quote

StillFormat = Literal["png", "jpeg", "webp"]
FilmFormat = Literal["gif", "apng", "webp", "mp4", "webm"]
Task = Literal["invert", "inpaint", "denoise", "super-resolve"]


class Options(TypedDict, total=False):
    """What every picture may be asked with; what is left out is the service's default.

    `edits` says how far to go along which directions, each from -20 to 20.
    """

    model: str
    label: int | str
    truncation: float
    edits: Mapping[str, float]


class SearchOptions(TypedDict, total=False):
    """How to search for a latent; what is left out is the service's default."""

    model: str
    digest: str
    label: int | str
    task: Task
    factor: Literal[2, 4, 8]
    steps: int
    restarts: int
    seed: int


@dataclass(frozen=True)
class Upload:
    """A file to send, and what it is."""

    data: bytes
    media_type: str


class StillOptions(Options, total=False):
    """What a still may be asked with; `best_of` seeds, from 1 to 16, are chosen from for each."""

    best_of: int


@dataclass(frozen=True)
class Call:
    """One request. `deadline_s` is for how long its answer is wanted."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    deadline_s: float | None = None
    upload: Upload | None = None

    @property
    def headers(self) -> dict[str, str]:
        """X-Deadline-Ms, if there is a deadline; of an upload its Content-Type."""
        headers = {} if self.upload is None else {"Content-Type": self.upload.media_type}
        if self.deadline_s is not None:
            headers["X-Deadline-Ms"] = str(max(1, round(1e3 * self.deadline_s)))
        return headers

    def to_request(self) -> dict[str, Any]:
        """Return the arguments of httpx's `request`."""
        given: dict[str, Any] = {"method": self.method, "url": self.path, "headers": self.headers}
        if self.query:
            given["params"] = self.query
        if self.body is not None:
            given["json"] = self.body
        if self.upload is not None:
            given["content"] = self.upload.data
        return given


@dataclass(frozen=True)
class Line:
    """One seed along one direction, `between` two strengths, or those it is meant for."""

    seed: int
    direction: str
    between: tuple[float, float] | None
    steps: int


def call_generate(
    source: dict[str, Any], options: Options, image_format: StillFormat, deadline_s: float | None
) -> Call:
    """Ask POST /generate for files of their own, with their seeds and labels."""
    given = {name: value for name, value in source.items() if value is not None}
    body = {**given, **options, "format": image_format, "layout": "json"}
    if "edits" in options:
        body["edits"] = dict(options["edits"])
    return Call("POST", "/generate", body=body, deadline_s=deadline_s)


def call_image(
    seed: int, options: Options, image_format: StillFormat, deadline_s: float | None
) -> Call:
    """Ask GET /images for one seed, which any cache on the way may answer."""
    extension = "jpg" if image_format == "jpeg" else image_format
    path = f"/images/{seed}.{extension}"
    return Call("GET", path, query=_to_query(options), deadline_s=deadline_s)


def call_interpolate(
    seeds: Sequence[int], options: Options, walk: dict[str, Any], deadline_s: float | None
) -> Call:
    """Ask GET /interpolate for a walk through two seeds or more; `walk` has steps and so on."""
    query = {"seeds": ",".join(map(str, seeds)), **walk, **_to_query(options)}
    return Call("GET", "/interpolate", query=query, deadline_s=deadline_s)


def call_explore(line: Line, options: Options, file_format: str, deadline_s: float | None) -> Call:
    """Ask GET /explore for one seed along one direction."""
    bounds = {} if line.between is None else dict(zip(("from", "to"), line.between, strict=True))
    query = {
        **{"seed": line.seed, "direction": line.direction, "steps": line.steps},
        **{name: _write_strength(strength) for name, strength in bounds.items()},
        **{"format": file_format},
        **_to_query(options),
    }
    return Call("GET", "/explore", query=query, deadline_s=deadline_s)


def call_model(name: str) -> Call:
    """Ask GET /models/{name}."""
    return Call("GET", f"/models/{quote(name, safe='')}")


def call_directions(name: str) -> Call:
    """Ask GET /models/{name}/directions."""
    return Call("GET", f"/models/{quote(name, safe='')}/directions")


def call_invert(upload: Upload, options: SearchOptions) -> Call:
    """Ask POST /invert for a job."""
    return Call("POST", "/invert", query=dict(options), upload=upload)


def call_job(
    job_id: str, part: str = "", *, method: Literal["GET", "DELETE"] = "GET", **query: str
) -> Call:
    """Ask for one job, or for a part of it such as `/events`."""
    return Call(method, f"/jobs/{quote(job_id, safe='')}{part}", query=query)


def _to_query(options: Options) -> dict[str, Any]:
    """Write options as a URL has them; equal edits are one URL, and one place in a cache."""
    query: dict[str, Any] = {**options}
    edits = query.pop("edits", None)
    if edits:
        written = [f"{name}:{_write_strength(edits[name])}" for name in sorted(edits)]
        query["edits"] = ",".join(written)
    return query


def _write_strength(strength: float) -> str:
    """Write a strength to the four decimals that count."""
    text = f"{strength:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


LIST_MODELS = Call("GET", "/models")

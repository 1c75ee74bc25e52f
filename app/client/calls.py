"""`Call`: one request, built from typed arguments; the same for both clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from app.client.options import (
    AvatarOptions,
    CachedOptions,
    FilmOptions,
    GenerateOptions,
    Options,
    SearchOptions,
    StillFormat,
    StillOptions,
    VerifyOptions,
    WalkOptions,
)


@dataclass(frozen=True)
class Upload:
    """A file to send, and what it is."""

    data: bytes
    media_type: str


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
    """One seed along one direction, `between` two strengths or more, or those it is meant for."""

    seed: int
    direction: str
    between: Sequence[float] | None
    steps: int

    def to_query(self) -> dict[str, Any]:
        """Write it as a URL has it."""
        query: dict[str, Any] = {"seed": self.seed, "direction": self.direction}
        stops = [_write_number(stop) for stop in self.between or ()]
        if len(stops) == 2:
            query |= {"from": stops[0], "to": stops[1]}
        elif self.between is not None:
            query["through"] = ",".join(stops)
        return query | {"steps": self.steps}


def call_generate(
    source: dict[str, Any],
    options: GenerateOptions,
    image_format: StillFormat,
    deadline_s: float | None,
) -> Call:
    """Ask POST /generate for files of their own, with their seeds and labels."""
    given = {name: value for name, value in source.items() if value is not None}
    body = {**given, **options, "format": image_format, "layout": "json"}
    if "edits" in options:
        body["edits"] = dict(options["edits"])
    return Call("POST", "/generate", body=body, deadline_s=deadline_s)


def call_image(
    seed: int, options: StillOptions, image_format: StillFormat, deadline_s: float | None
) -> Call:
    """Ask GET /images for one seed, which any cache on the way may answer."""
    path = f"/images/{seed}.{_extension(image_format)}"
    return Call("GET", path, query=_to_query(options), deadline_s=deadline_s)


def call_mix(
    sums: Mapping[str, Sequence[Sequence[int]]],
    options: CachedOptions,
    shape: dict[str, Any],
    deadline_s: float | None,
) -> Call:
    """Ask GET /mix; `sums` are the seeds of each mean to add or take away, `shape` the rest."""
    written = {name: [",".join(map(str, each)) for each in means] for name, means in sums.items()}
    return Call("GET", "/mix", {**written, **shape, **_to_query(options)}, deadline_s=deadline_s)


def call_avatar(
    text: str, options: AvatarOptions, image_format: StillFormat, deadline_s: float | None
) -> Call:
    """Ask GET /avatar for the picture of a string."""
    query: dict[str, Any] = {"seed": text, **options}
    if "background_color" in options:
        query["backgroundColor"] = query.pop("background_color")
    return Call("GET", f"/avatar.{_extension(image_format)}", query, deadline_s=deadline_s)


def call_interpolate(
    seeds: Sequence[int],
    options: WalkOptions | FilmOptions,
    walk: dict[str, Any],
    deadline_s: float | None,
) -> Call:
    """Ask GET /interpolate for a walk through two seeds or more; `walk` has steps and so on."""
    query = {"seeds": ",".join(map(str, seeds)), **walk, **_to_query(options)}
    return Call("GET", "/interpolate", query=query, deadline_s=deadline_s)


def call_explore(
    line: Line, options: WalkOptions | FilmOptions, file_format: str, deadline_s: float | None
) -> Call:
    """Ask GET /explore for one seed along one direction."""
    query = {**line.to_query(), "format": file_format, **_to_query(options)}
    return Call("GET", "/explore", query=query, deadline_s=deadline_s)


def call_latent(seed: int, options: CachedOptions) -> Call:
    """Ask GET /latents for the z behind one seed."""
    return Call("GET", f"/latents/{seed}", _to_query(options))


def call_neighbours(model: str, point: dict[str, Any], count: int, among: int) -> Call:
    """Ask POST /models/{name}/neighbours; `point` is a seed or a latent."""
    given = {name: value for name, value in point.items() if value is not None}
    body = {**given, "count": count, "among": among}
    return Call("POST", f"/models/{quote(model, safe='')}/neighbours", body=body)


def call_verify(upload: Upload, options: VerifyOptions, deadline_s: float | None) -> Call:
    """Ask POST /verify about a picture."""
    return Call("POST", "/verify", _to_query(options), upload=upload, deadline_s=deadline_s)


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


def _to_query(options: Options | VerifyOptions) -> dict[str, Any]:
    """Write options as a URL has them; equal edits are one URL, and one place in a cache."""
    query: dict[str, Any] = {**options}
    edits = query.pop("edits", None)
    if edits:
        written = [f"{name}:{_write_number(edits[name])}" for name in sorted(edits)]
        query["edits"] = ",".join(written)
    return query


def _extension(image_format: StillFormat) -> str:
    return "jpg" if image_format == "jpeg" else image_format


def _write_number(strength: float) -> str:
    """Write a strength to the four decimals that count."""
    text = f"{strength:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


LIST_MODELS = Call("GET", "/models")

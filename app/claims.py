"""`Claim`: what a file says of where it comes from, enough to render it again.

Derived from nothing but the request and the model, so that equal requests give equal bytes.
It is read back from files that anybody may have written, so nothing in it is believed: a claim
becomes a request like any other, and what it renders is compared with the file.
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.image_encoding import ImageFormat
from app.latent_schemas import DirectionName, Strength
from app.latent_sources import Sweep
from app.render_plan import LatentRows, RenderPlan, RenderRequest, Seeds, Walk
from app.schemas import Digest, Seed
from app.version import installed_version
from model.directions import MAX_DIRECTIONS
from model.easing import Easing
from model.edits import MAX_EDIT_STRENGTH, Edits, make_edits
from model.latents import Interpolation, Latents

_MAX_TEXT = 100_000
_MAX_SEEDS = 4096
_MAX_STOPS = 2048  # as many as the characters of `through` can name


# The frames of a sweep along a direction that is edited too go twice as far as an edit may.
_MAX_STRENGTH = 2 * MAX_EDIT_STRENGTH
ClaimedEdits = Annotated[
    dict[DirectionName, Annotated[float, Field(ge=-_MAX_STRENGTH, le=_MAX_STRENGTH)]],
    Field(max_length=MAX_DIRECTIONS),
]


class WalkClaim(BaseModel):
    """How a strip walks through its seeds."""

    model_config = ConfigDict(strict=True, frozen=True)

    steps: Annotated[int, Field(ge=2, le=2**20)]
    method: Interpolation
    easing: Easing


class SweepClaim(BaseModel):
    """How a strip goes along a direction with its one seed."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)

    direction: DirectionName
    start: Strength
    stop: Strength
    steps: Annotated[int, Field(ge=2, le=2**20)]
    easing: Easing = "linear"
    through: Annotated[list[Strength], Field(min_length=2, max_length=_MAX_STOPS)] | None = None


class Claim(BaseModel):
    """A model, and `seeds` or `z` (float32, little-endian, base64), after which to render.

    `edits` come after that: with them z goes farther than a request may send it.
    """

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)

    digest: Digest
    numeric_path: Annotated[str, Field(max_length=300)] = ""
    software: Annotated[str, Field(max_length=100)] = ""
    layout: Literal["single", "grid", "strip"] = "single"
    seeds: Annotated[list[Seed], Field(min_length=1, max_length=_MAX_SEEDS)] | None = None
    z: Annotated[str, Field(min_length=4, max_length=_MAX_TEXT)] | None = None
    walk: WalkClaim | None = None
    sweep: SweepClaim | None = None
    edits: ClaimedEdits | None = None
    label: Annotated[int, Field(ge=0, le=2**20)] | None = None
    truncation: Annotated[float, Field(ge=0, le=1)] = 1.0

    def to_request(self, image_format: ImageFormat) -> RenderRequest:
        """Return the request that renders it; ValueError if it says nothing that can be."""
        return RenderRequest(
            source=self._to_source(),
            layout=self.layout,
            image_format=image_format,
            digest=self.digest,
            label=self.label,
            truncation=self.truncation,
            edits=make_edits(self.edits or {}),
            provenance=False,
        )

    def _to_source(self) -> Seeds | LatentRows | Walk | Sweep:
        if self.z is not None and self.layout == "single":
            return LatentRows([_read_latent(self.z)])
        if self.seeds is None or (self.layout == "single" and len(self.seeds) != 1):
            raise ValueError("a single image has a latent or a seed, and a sheet has seeds")
        ways = sum(way is not None for way in (self.walk, self.sweep))
        if ways != (self.layout == "strip"):
            raise ValueError("a strip, and it alone, is a walk or a sweep")
        if self.layout != "strip":
            return Seeds(tuple(self.seeds))
        return self._to_strip(self.seeds)

    def _to_strip(self, seeds: Sequence[int]) -> Walk | Sweep:
        if (sweep := self.sweep) is not None:
            if len(seeds) != 1:
                raise ValueError("a sweep has one seed")
            through = tuple(sweep.through or ())
            way = (sweep.start, sweep.stop, sweep.steps, sweep.easing, through)
            return Sweep(seeds[0], sweep.direction, *way)
        if len(seeds) < 2 or self.walk is None:
            raise ValueError("a walk has two ends")
        return Walk(tuple(seeds), self.walk.steps, self.walk.method, self.walk.easing)


def _read_latent(text: str) -> list[float]:
    z = np.frombuffer(base64.b64decode(text, validate=True), "<f4")
    if not (z.size and np.isfinite(z).all()):
        raise ValueError("a latent is made of finite numbers")
    row: list[float] = z.tolist()
    return row


def parse_claim(text: str) -> Claim | None:
    """Read what `write_row_claims` or `write_sheet_claim` wrote; None if it is something else."""
    if len(text) > _MAX_TEXT:
        return None
    try:
        return Claim.model_validate_json(text)
    except ValidationError:
        return None


def write_row_claims(plan: RenderPlan, latents: Latents) -> list[str]:
    """Return the claim of each image of a request, as JSON in ASCII."""
    head, request = _write_head(plan), plan.request
    tail = _write_tail(plan)
    if isinstance(request.source, Seeds):
        edits = _write_edits(request.edits)
        return [f'{head},"seeds":[{seed}]{edits}{tail}' for seed in plan.seeds]
    if isinstance(request.source, Sweep):
        frames = request.source.edits(plan.generator, request.edits)
        seed = request.source.seed
        return [f'{head},"seeds":[{seed}]{_write_edits(edits)}{tail}' for edits in frames]
    return _write_latent_claims(plan, plan.make_unedited_latents() if request.edits else latents)


def _write_latent_claims(plan: RenderPlan, latents: Latents) -> list[str]:
    head, edits = _write_head(plan), _write_edits(plan.request.edits)
    labels = [None] * len(latents) if latents.labels is None else latents.labels.tolist()
    rows = latents.z.astype("<f4")
    return [
        f'{head},"z":"{base64.b64encode(row.tobytes()).decode()}"{edits},'
        f'"label":{json.dumps(label)},"truncation":1.0}}'
        for row, label in zip(rows, labels, strict=True)
    ]


def write_sheet_claim(plan: RenderPlan) -> str | None:
    """Return the claim of a sheet or a strip; None for what seeds alone do not say."""
    source = plan.request.source
    if not isinstance(source, Seeds | Walk | Sweep):
        return None
    way = ""
    if isinstance(source, Walk):
        walk = WalkClaim(steps=source.steps, method=source.method, easing=source.easing)
        way = f'"walk":{walk.model_dump_json()},'
    elif isinstance(source, Sweep):
        way = f'"sweep":{_describe_sweep(source, plan).model_dump_json(exclude_defaults=True)},'
    seeds = json.dumps(list(source.seeds), separators=(",", ":"))
    layout, edits = plan.request.layout, _write_edits(plan.request.edits)
    return f'{_write_head(plan)},"layout":"{layout}",{way}"seeds":{seeds}{edits}{_write_tail(plan)}'


def _describe_sweep(source: Sweep, plan: RenderPlan) -> SweepClaim:
    stops = source.stops(plan.generator)
    return SweepClaim(
        direction=source.direction,
        start=stops[0],
        stop=stops[-1],
        steps=source.steps,
        easing=source.easing,
        through=list(source.through) or None,
    )


def _write_head(plan: RenderPlan) -> str:
    return _write_model(plan.generator.digest, plan.generator.facts.numeric_path)


@functools.lru_cache(maxsize=256)
def _write_model(digest: str, numeric_path: str) -> str:
    model = {
        "digest": digest,
        "numeric_path": numeric_path,
        "software": f"ganloom {installed_version()}",
    }
    return json.dumps(model, separators=(",", ":"))[:-1]


def _write_tail(plan: RenderPlan) -> str:
    label = "null" if plan.label is None else plan.label
    return f',"label":{label},"truncation":{abs(plan.request.truncation)}}}'


def _write_edits(edits: Edits) -> str:
    return f',"edits":{json.dumps(dict(edits), separators=(",", ":"))}' if edits else ""

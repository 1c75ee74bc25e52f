"""Wire types of edits, mixes, directions and neighbours."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.text_form import TextForm
from model.directions import NAME_PATTERN
from model.edits import MAX_EDIT_STRENGTH
from model.latents import MAX_SEED
from model.mix import MAX_MIXED_SEEDS, DirectionTerm, LatentTerm, Mix, MixTerm, SeedsTerm
from model.neighbours import MAX_AMONG

MAX_TERMS = 32
MAX_EDITS = 64
_MAX_WEIGHT = MAX_EDIT_STRENGTH

DirectionName = Annotated[
    str, TextForm(f"^{NAME_PATTERN}$", "a name of /models/{name}/directions, such as sefa-1")
]
Strength = Annotated[float, Field(ge=-MAX_EDIT_STRENGTH, le=MAX_EDIT_STRENGTH)]
EditsOf = Annotated[dict[DirectionName, Strength], Field(max_length=MAX_EDITS)]
EditsText = Annotated[str, Field(min_length=3, max_length=4096)]


def _one_of(*fields: str) -> dict[str, Any]:
    """Say in JSON Schema that exactly one of `fields` is given, null counting as not given."""
    return {
        "oneOf": [
            {"required": [field], "properties": {field: {"not": {"type": "null"}}}}
            for field in fields
        ]
    }


class TermBody(BaseModel):
    """One term: exactly one of `seeds` (their mean), `latent` and `direction`, times `weight`."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        frozen=True,
        json_schema_extra=_one_of("seeds", "latent", "direction"),
    )

    seeds: (
        Annotated[
            list[Annotated[int, Field(ge=0, le=MAX_SEED)]],
            Field(min_length=1, max_length=MAX_MIXED_SEEDS, fail_fast=True),
        ]
        | None
    ) = Field(default=None, description="several are averaged")
    latent: Annotated[list[float], Field(min_length=1, fail_fast=True)] | None = Field(
        default=None, description="z itself, z_dim numbers"
    )
    direction: DirectionName | None = Field(
        default=None, description="the unit vector of a direction"
    )
    weight: Annotated[float, Field(ge=-_MAX_WEIGHT, le=_MAX_WEIGHT)] = 1.0

    @model_validator(mode="after")
    def _require_one(self) -> TermBody:
        given = [self.seeds, self.latent, self.direction]
        if sum(value is not None for value in given) != 1:
            raise ValueError("give exactly one of seeds, latent and direction")
        return self

    def to_term(self) -> MixTerm:
        """Return the term."""
        if self.seeds is not None:
            return SeedsTerm(tuple(self.seeds), self.weight)
        if self.latent is not None:
            return LatentTerm(tuple(self.latent), self.weight)
        assert self.direction is not None
        return DirectionTerm(self.direction, self.weight)


class MixBody(BaseModel):
    """A weighted sum of terms, one image."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)

    terms: Annotated[list[TermBody], Field(min_length=1, max_length=MAX_TERMS)] = Field(
        examples=[[{"seeds": [1, 2, 3]}, {"seeds": [4, 5, 6], "weight": -1}, {"seeds": [7, 8, 9]}]]
    )
    rescale: bool = Field(
        default=True, description="bring the sum to the length of a sample, the root of z_dim"
    )

    def to_mix(self) -> Mix:
        """Return the mix."""
        return Mix(tuple(term.to_term() for term in self.terms), self.rescale)


class DirectionInfo(BaseModel):
    """One direction of a model."""

    name: str
    kind: str = Field(description="sefa, pca or attribute")
    order: int = Field(description="from 1 among its kind, the strongest first")
    strength: float = Field(description="edits from -strength to strength are what it is meant for")
    scores: dict[str, float] = Field(description="what fitting an attribute measured, as shares")
    leaks: dict[str, float] = Field(
        description="share of samples whose other attribute differs from one end to the other"
    )


class DirectionList(BaseModel):
    """The directions of a model."""

    model: str
    digest: str
    max_strength: float = MAX_EDIT_STRENGTH
    directions: list[DirectionInfo]


class NeighboursBody(BaseModel):
    """Which seeds are near to a seed or a latent: exactly one of the two."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        frozen=True,
        json_schema_extra=_one_of("seed", "latent"),
    )

    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = None
    latent: Annotated[list[float], Field(min_length=1, fail_fast=True)] | None = Field(
        default=None, description="z itself, z_dim numbers"
    )
    count: Annotated[int, Field(ge=1, le=256)] = Field(default=8, description="how many to name")
    among: Annotated[int, Field(ge=1, le=MAX_AMONG)] = Field(
        default=MAX_AMONG, description="the seeds 0 to among - 1 are compared"
    )

    @model_validator(mode="after")
    def _require_one(self) -> NeighboursBody:
        if (self.seed is None) == (self.latent is None):
            raise ValueError("give exactly one of seed and latent")
        return self


class NeighbourInfo(BaseModel):
    """One seed that is near."""

    seed: int
    distance: float
    cosine: float = Field(description="of the angle between the two latents, 1 for the same")


class NeighbourList(BaseModel):
    """The nearest seeds, nearest first."""

    model: str
    digest: str
    neighbours: list[NeighbourInfo]


class SeededLatent(BaseModel):
    """The z behind one seeded image, truncation included."""

    model: str
    digest: str
    seed: int
    label: int | None = Field(description="the class, given or drawn from the seed")
    z: list[float] = Field(description="z_dim numbers, each exact in float32")

"""Wire types: what a client may send and what it reads. Only their shape is checked here.

What needs a model or a limit to be judged (a label, the length of a latent, n) is checked
by the renderer, before anything is allocated for it.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from app.latent_schemas import MAX_TERMS, EditsOf, EditsText, MixBody
from app.text_form import TextForm
from model.latents import MAX_SEED

_MAX_NAME = 128
MAX_COUNT = 2**20  # far above any limit; only keeps numbers small

GenerateLayout = Literal["single", "grid", "zip", "multipart", "json"]
StillFormat = Literal["png", "jpeg", "webp"]
Extension = Literal["png", "jpg", "webp"]


def _check_label(value: object) -> int | str:
    """Accept a class index or a class name; true is neither."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PydanticCustomError("label", "Input should be a class index or a class name")
    if isinstance(value, str) and not 1 <= len(value) <= _MAX_NAME:
        raise PydanticCustomError("label", "Input should have 1 to 128 characters")
    return value


def require_plain_digits(value: object) -> object:
    """Refuse 7.0, +7, 007 and the like: one number has one URL, and one place in a cache."""
    if isinstance(value, str) and not re.fullmatch(r"0|[1-9][0-9]{0,19}", value):
        raise PydanticCustomError("digits", "Input should be a whole number in plain digits")
    return value


Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
UrlSeed = Annotated[Seed, BeforeValidator(require_plain_digits)]
Name = Annotated[str, Field(min_length=1, max_length=_MAX_NAME)]
Label = Annotated[
    int | str,
    PlainValidator(_check_label),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "minLength": 1, "maxLength": _MAX_NAME},
            ]
        }
    ),
]
Truncation = Annotated[float, Field(ge=0, le=1)]
Rows = Annotated[
    list[Annotated[list[float], Field(min_length=1, fail_fast=True)]],
    Field(min_length=1, fail_fast=True),
]
Digest = Annotated[
    str,
    TextForm("^[0-9a-f]{64}$", "the whole sha256 of /models, 64 digits in lower case"),
]
BestOf = Annotated[
    int,
    Field(
        ge=1,
        le=MAX_COUNT,
        description="choose each image from so many seeds, the asked one and others derived from "
        "it, by the discriminator of a model that `offers_best_of`",
    ),
]
Provenance = Annotated[
    bool | None, Field(description="whether files say what made them; none: the server's choice")
]


class GenerateBody(BaseModel):
    """What to generate: one of `seed`, `seeds`, `latents`, `mixes`, or none for a random seed."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)

    model: Name | None = Field(default=None, description="a name of /models; none: the default")
    n: Annotated[int, Field(ge=1, le=MAX_COUNT)] | None = Field(
        default=None, description="how many, from `seed` on: seed, seed + 1, ...", examples=[5]
    )
    seed: Seed | None = Field(default=None, description="the first seed", examples=[7])
    seeds: Annotated[list[Seed], Field(min_length=1, fail_fast=True)] | None = Field(
        default=None, description="the seeds, one an image"
    )
    latents: Rows | None = Field(default=None, description="z itself, z_dim numbers a row")
    mixes: Annotated[list[MixBody], Field(min_length=1, fail_fast=True)] | None = Field(
        default=None, description="weighted sums of seeds, latents and directions, one an image"
    )
    edits: EditsOf | None = Field(
        default=None, description="how far to go along which directions", examples=[{"glasses": 2}]
    )
    label: Label | None = Field(
        default=None, description="a class, by index or name; none: a class drawn from each seed"
    )
    truncation: Truncation = Field(
        default=1.0, description="1 is the full variety, 0 the average image"
    )
    format: StillFormat | None = Field(
        default=None, description="of each image; png unless Accept differs"
    )
    layout: GenerateLayout | None = Field(
        default=None,
        description="`single` for one image, `grid` for several, unless Accept differs",
    )
    diverse: bool = Field(
        default=False, description="of 4 n seeds from `seed` on the n whose images differ most"
    )
    best_of: BestOf = 1
    provenance: Provenance = None


class CacheableQuery(BaseModel):
    """The parameters that every cacheable resource shares."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    model: Name | None = Field(default=None, description="a name of /models; none: the default")
    digest: Digest | None = Field(
        default=None, description="sha256 of the checkpoint; with it the answer never changes"
    )
    label: Label | None = Field(default=None, description="a class, by index or name")
    truncation: Truncation = Field(
        default=1.0, description="1 is the full variety, 0 the average image"
    )


class EditableQuery(CacheableQuery):
    """What is cacheable, and can be edited."""

    edits: EditsText | None = Field(
        default=None,
        description="how far to go along which directions",
        examples=["glasses:1.5,sefa-3:-2"],
    )


class StillQuery(EditableQuery):
    """The parameters of one still."""

    provenance: Provenance = None


class ImageQuery(StillQuery):
    """One still, or the best of several."""

    best_of: Annotated[BestOf, BeforeValidator(require_plain_digits)] = 1


_SeedList = Annotated[
    str,
    Field(max_length=2048),
    TextForm(
        r"^(0|[1-9][0-9]{0,15})(,(0|[1-9][0-9]{0,15}))*$",
        "seeds separated by commas, such as 1,2,3",
    ),
]
_SeedLists = Annotated[list[_SeedList], Field(max_length=MAX_TERMS)]


class MixQuery(EditableQuery):
    """Averages of seeds, added and taken away."""

    plus: _SeedLists = Field(
        default=[], description="seeds whose mean is added, as 1,2,3", examples=[["1,2,3", "7,8,9"]]
    )
    minus: _SeedLists = Field(
        default=[], description="seeds whose mean is taken away, as 4,5,6", examples=[["4,5,6"]]
    )
    rescale: bool = Field(
        default=True, description="bring the sum to the length of a sample, the root of z_dim"
    )
    format: StillFormat | None = Field(default=None, description="png unless Accept differs")
    provenance: Provenance = None


class GeneratedImage(BaseModel):
    """One image of the `json` layout."""

    seed: int | None = Field(description="null for explicit latents and mixes")
    label: int | None
    data: str = Field(description="the file, base64")


class GeneratedImages(BaseModel):
    """The `json` layout."""

    model: str
    digest: str
    media_type: str
    images: list[GeneratedImage]


class Readiness(BaseModel):
    """Whether the service can answer; `faults` holds what is wrong, by model."""

    status: Literal["ready", "not ready"]
    faults: dict[str, str]


class FieldProblem(BaseModel):
    """One field of a request and what is wrong with it."""

    field: str
    pointer: str
    detail: str


class Problem(BaseModel):
    """An RFC 9457 problem document."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = Field(default=[], description="the fields at fault, if any")

"""Wire types of series of frames: walks between seeds, and along a direction."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from app.latent_schemas import DirectionName, Strength
from app.schemas import MAX_COUNT, EditableQuery, Provenance, UrlSeed, require_plain_digits
from app.text_form import TextForm
from model.easing import Easing

WalkFormat = Literal["png", "gif", "apng", "webp", "mp4", "webm", "zip"]


class WalkQuery(EditableQuery):
    """How a series of frames is sent."""

    fps: Annotated[int, Field(ge=1, le=60), BeforeValidator(require_plain_digits)] | None = Field(
        default=None, description="frames a second of a film; not together with frame_ms"
    )
    frame_ms: (
        Annotated[int, Field(ge=10, le=10_000), BeforeValidator(require_plain_digits)] | None
    ) = Field(default=None, description="how long a film shows a frame; none: 80")
    loop: Annotated[int, Field(ge=0, le=65_535), BeforeValidator(require_plain_digits)] | None = (
        Field(default=None, description="how often gif, apng and webp play; none or 0: for ever")
    )
    format: WalkFormat | None = Field(
        default=None, description="png (a strip) unless Accept differs"
    )
    provenance: Provenance = None


_SeedsOfWalk = Annotated[
    str,
    Field(max_length=8704),
    TextForm(
        r"^[0-9]{1,16}(,[0-9]{1,16})+$", "two or more seeds separated by commas, such as 1,2,3"
    ),
]


class InterpolateQuery(WalkQuery):
    """A walk through the latents of some seeds: `start` and `end`, or `seeds`."""

    start: UrlSeed | None = Field(default=None, description="the first seed", examples=[1])
    end: UrlSeed | None = Field(default=None, description="the last seed", examples=[2])
    seeds: _SeedsOfWalk | None = Field(
        default=None, description="two or more seeds to pass through, as 1,2,3"
    )
    steps: Annotated[int, Field(ge=2, le=MAX_COUNT), BeforeValidator(require_plain_digits)] = Field(
        default=16, description="frames, both ends included"
    )
    method: Literal["slerp", "lerp"] = Field(
        default="slerp", description="on the sphere, or straight"
    )
    easing: Easing = Field(default="linear", description="between each two seeds, as CSS has it")


_Strengths = Annotated[
    str,
    Field(max_length=4096),
    TextForm(
        r"^-?[0-9]{1,2}(\.[0-9]{1,4})?(,-?[0-9]{1,2}(\.[0-9]{1,4})?)+$",
        "two or more strengths separated by commas, such as 0,3,-3,0",
    ),
]


class ExploreQuery(WalkQuery):
    """One seed along one direction."""

    seed: UrlSeed = Field(description="whose image is changed", examples=[7])
    direction: DirectionName = Field(description="a name of /models/{name}/directions")
    start: Strength | None = Field(
        default=None, alias="from", description="the first strength; none: -strength of the list"
    )
    stop: Strength | None = Field(
        default=None, alias="to", description="the last strength; none: strength of the list"
    )
    steps: Annotated[int, Field(ge=2, le=MAX_COUNT), BeforeValidator(require_plain_digits)] = Field(
        default=9, description="frames, both ends included"
    )
    through: _Strengths | None = Field(
        default=None,
        description="two or more strengths to pass through, instead of from and to",
        examples=["0,3,-3,0"],
    )
    easing: Easing = Field(default="linear", description="between each two strengths, as in CSS")

"""Wire types of jobs: what POST /invert takes and what /jobs says."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.schemas import Digest, Label, Name, UrlSeed, require_plain_digits
from model.inversion import MAX_REALISM, MAX_RESTARTS, MAX_STEPS
from model.observation import Task


class InvertQuery(BaseModel):
    """How to search for the latent of the image in the body."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    model: Name | None = Field(default=None, description="a name of /models; none: the default")
    digest: Digest | None = Field(default=None, description="sha256 of the checkpoint")
    task: Task = Field(
        default="invert",
        description="`inpaint` fills what is transparent; `super-resolve` takes a small image",
    )
    label: Label | None = Field(
        default=None, description="a class, by index or name; none: every class is tried"
    )
    steps: Annotated[int, Field(ge=1, le=MAX_STEPS), BeforeValidator(require_plain_digits)] = Field(
        default=300, description="steps of descent"
    )
    restarts: Annotated[
        int, Field(ge=1, le=MAX_RESTARTS), BeforeValidator(require_plain_digits)
    ] = Field(
        default=8, description="descents side by side; three times as many in the first fifth"
    )
    seed: UrlSeed = Field(default=0, description="the first of the seeds that descents start from")
    realism: Annotated[float, Field(ge=0, le=MAX_REALISM)] = Field(
        default=0.0,
        description="how much the judgement of the discriminator weighs, of a model that "
        "`offers_best_of`",
    )
    factor: Literal["2", "4", "8"] = Field(
        default="4", description="how many times smaller the image of `super-resolve` is"
    )


class ResultQuery(BaseModel):
    """Which view of a result."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    view: Literal["rendered", "composite"] = Field(
        default="rendered",
        description="`composite`: the sent image with only its hole filled (of `inpaint`)",
    )


class JobLinks(BaseModel):
    """Where the rest of a job is."""

    self: str
    events: str
    result: str | None = Field(description="the found image; null until there is one")
    composite: str | None = Field(description="of `inpaint`: the sent image, its hole filled")


class JobResultDocument(BaseModel):
    """What was found: fit to be sent to /generate as `latents` and `label`."""

    latents: list[list[float]]
    label: int | None


class JobDocument(BaseModel):
    """One job as it is now."""

    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: float = Field(ge=0, le=1)
    psnr_db: float | None = Field(
        description="of what is known of the image, against the best latent so far; in float32"
    )
    model: str
    digest: str
    task: Task
    result: JobResultDocument | None
    detail: str | None = Field(description="why it failed")
    links: JobLinks

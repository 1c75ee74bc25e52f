"""What the client returns of a search: the job on its way, and the inversion that it found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx
from PIL import Image

from app.client.answers import GeneratedImage
from app.client.failures import ForeignAnswerError, GanloomError

State = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class Job:
    """One search as it was when the service was asked.

    `progress` is from 0 to 1; `psnr_db` is that of the best latent so far, `latent` what was
    found, once it is done, and `label` its class. `detail` says why it failed.
    """

    id: str
    state: State
    progress: float
    psnr_db: float | None
    model: str
    digest: str
    task: str
    latent: tuple[float, ...] | None
    label: int | None
    detail: str | None

    @property
    def is_final(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state not in ("queued", "running")


@dataclass(frozen=True)
class Inversion:
    """The latent that was found for a picture, and its image.

    `latent` and `label` are what `generate` takes: `generate(latents=[found.latent])`. `data` is
    the PNG of `image`; `composite` is what `inpaint` was sent, with only its hole filled.
    """

    latent: tuple[float, ...]
    label: int | None
    psnr_db: float
    image: Image.Image
    data: bytes
    composite: Image.Image | None
    model: str
    digest: str


class JobFailedError(GanloomError):
    """The search ended without a result: it failed, or was cancelled. `job` says more."""

    def __init__(self, job: Job) -> None:
        super().__init__(409, "No result", job.detail or f"The job is {job.state}.", ())
        self.job = job


class EventReader:
    """Puts the lines of server-sent events together; `progress` and `end` are all there are."""

    def __init__(self) -> None:
        self._data: list[str] = []

    def take(self, line: str) -> Job | None:
        """Take one line; return the job at the end of an event."""
        if line.startswith("data:"):
            self._data.append(line[5:].removeprefix(" "))
        if line or not self._data:
            return None
        text = "\n".join(self._data)
        self._data.clear()
        try:
            return _read_job(json.loads(text))
        except (ValueError, LookupError, TypeError) as error:
            detail = "The events are not a job's: is it a ganloom service?"
            raise ForeignAnswerError(200, "Foreign answer", detail, ()) from error


def read_job(answer: httpx.Response) -> Job:
    """Read one job of /jobs."""
    return _read_job(answer.json())


def _read_job(document: Mapping[str, Any]) -> Job:
    found = document["result"]
    return Job(
        id=document["id"],
        state=document["state"],
        progress=document["progress"],
        psnr_db=document["psnr_db"],
        model=document["model"],
        digest=document["digest"],
        task=document["task"],
        latent=None if found is None else tuple(found["latents"][0]),
        label=None if found is None else found["label"],
        detail=document["detail"],
    )


def read_inversion(job: Job, rendered: GeneratedImage, composite: Image.Image | None) -> Inversion:
    """Put a job that is done and its images together."""
    assert job.latent is not None
    assert job.psnr_db is not None
    return Inversion(
        latent=job.latent,
        label=job.label,
        psnr_db=job.psnr_db,
        image=rendered.image,
        data=rendered.data,
        composite=composite,
        model=job.model,
        digest=job.digest,
    )

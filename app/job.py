"""`Job`: one inversion, from the moment it is accepted until it is forgotten."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from model.observation import Observation, Task

_ID_BYTES = 16  # whoever knows it may read and cancel the job


class JobState(StrEnum):
    """How far a job is; it leaves the last three no more."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the job has ended."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True)
class InversionOrder:
    """All that decides which latent is found: checkpoint, picture and parameters."""

    model: str
    digest: str
    path: Path
    observation: Observation
    task: Task
    label: int | None
    steps: int
    restarts: int
    seed: int
    max_magnitude: float
    realism: float


@dataclass(frozen=True)
class JobResult:
    """What was found: z as the numbers that /generate takes, and the class."""

    latent: list[float]
    label: int | None


@dataclass(eq=False)
class Job:
    """One inversion and its state. All on the event loop."""

    order: InversionOrder
    id: str = field(default_factory=lambda: secrets.token_urlsafe(_ID_BYTES))
    state: JobState = JobState.QUEUED
    progress: float = 0.0
    psnr_db: float | None = None
    result: JobResult | None = None
    detail: str | None = None
    started_s: float = 0.0  # by time.monotonic
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self) -> None:
        """Note that it runs."""
        self.state, self.started_s = JobState.RUNNING, time.monotonic()
        self._tell()

    def report(self, progress: float, psnr_db: float) -> None:
        """Note how far it is."""
        self.progress, self.psnr_db = progress, psnr_db
        self._tell()

    def finish(self, result: JobResult) -> None:
        """End it well."""
        self.result, self.progress = result, 1.0
        self._end(JobState.DONE)

    def fail(self, detail: str) -> None:
        """End it badly; `detail` is read by the client."""
        self.detail = detail
        self._end(JobState.FAILED)

    def cancel(self) -> None:
        """End it because nobody wants it."""
        self._end(JobState.CANCELLED)

    async def watch(self) -> AsyncIterator[Job]:
        """Yield it now, at every change, and for the last time when it has ended."""
        while True:
            changed = self._changed
            yield self
            if self.state.is_final:
                return
            await changed.wait()

    def _end(self, state: JobState) -> None:
        if not self.state.is_final:
            self.state = state
            self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

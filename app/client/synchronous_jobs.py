"""`Jobs`: searches for latents, sent, followed, cancelled and collected."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import Unpack

from app.client.answers import read_still, read_strip
from app.client.calls import call_invert, call_job
from app.client.connections import Connection
from app.client.failures import GanloomError, UnreachableError
from app.client.job_answers import (
    EventReader,
    Inversion,
    Job,
    JobFailedError,
    read_inversion,
    read_job,
)
from app.client.options import SearchOptions
from app.client.uploading import Picture, read_upload

POLL_S = 1.0


class Jobs:
    """The searches of one service; the client's `jobs`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def submit(self, picture: Picture, **options: Unpack[SearchOptions]) -> Job:
        """Send a picture, and have the latent searched for that renders it.

        ValueError if `picture` is no PNG, JPEG, WebP or Pillow image.
        """
        call = call_invert(read_upload(picture), options)
        return self._connection.ask(call, read_job)

    def show(self, job_id: str) -> Job:
        """Ask how far a job is."""
        return self._connection.ask(call_job(job_id), read_job)

    def cancel(self, job_id: str) -> Job:
        """Cancel a job; one that has ended is forgotten by the service."""
        return self._connection.ask(call_job(job_id, method="DELETE"), read_job)

    def follow(self, job: Job, *, poll_s: float | None = None) -> Generator[Job, None, None]:
        """Give the job whenever it gets on, and for the last time when it has ended.

        By the service's events, or, with `poll_s`, by asking every so many seconds. Where events
        break off, as a proxy may have it, it is asked every second from then on.
        """
        last = job
        if poll_s is None:
            with contextlib.suppress(UnreachableError):
                for last in self._watch(job.id):
                    yield last
        while not last.is_final:
            self._connection.rest(POLL_S if poll_s is None else poll_s)
            last = self.show(job.id)
            yield last

    def collect(self, job: Job) -> Inversion:
        """Get what a job found, and its images; JobFailedError if it found nothing."""
        if job.state != "done":
            raise JobFailedError(job)
        ask = self._connection.ask
        rendered = ask(call_job(job.id, "/result.png"), read_still)
        composite = None
        if job.task == "inpaint":
            call = call_job(job.id, "/result.png", view="composite")
            composite = ask(call, read_strip)
        return read_inversion(job, rendered, composite)

    def run(
        self,
        picture: Picture,
        on_progress: Callable[[Job], None] | None = None,
        poll_s: float | None = None,
        **options: Unpack[SearchOptions],
    ) -> Inversion:
        """Submit, follow and collect; whatever is raised meanwhile cancels the job."""
        last = self.submit(picture, **options)
        try:
            with contextlib.closing(self.follow(last, poll_s=poll_s)) as seen:
                for last in seen:
                    if on_progress is not None:
                        on_progress(last)
        except BaseException:
            if not last.is_final:
                with contextlib.suppress(GanloomError):
                    self.cancel(last.id)
            raise
        return self.collect(last)

    def _watch(self, job_id: str) -> Generator[Job, None, None]:
        events = EventReader()
        for line in self._connection.read_lines(call_job(job_id, "/events")):
            if job := events.take(line):
                yield job

"""`Inversions`: accepts, runs, watches, cancels and forgets jobs.

All on the event loop, without a lock. Every job ends: done, cancelled, past its time, or failed
with the process that searched for it. The process starts with the first job, so that a service
that is asked for none does not pay for it, and again after it has died.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable

from app.errors import ForgottenJob, Overloaded, UnknownJob
from app.inversion_process import InversionProcess, Report, open_process
from app.job import InversionOrder, Job, JobResult, JobState
from app.job_metrics import JobMetrics
from app.settings import Settings

_FIRST_GUESS_S = 10.0  # how long a job takes, until one has been seen
_MAX_ENDED = 256  # jobs whose pictures and results are still kept
_MAX_FORGOTTEN = 10_000  # ids of jobs that are known to have been, a megabyte

_log = logging.getLogger(__name__)


class Inversions:
    """Every job; owns the process that searches, and each job's timers."""

    def __init__(self, settings: Settings, metrics: JobMetrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self.decoding = asyncio.Semaphore(1)  # one picture at a time, for the memory it takes
        self._jobs: dict[str, Job] = {}
        self._waiting: deque[Job] = deque()
        self._running: dict[str, Job] = {}
        self._forgotten: deque[str] = deque(maxlen=_MAX_FORGOTTEN)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._job_s = _FIRST_GUESS_S
        self._process: InversionProcess | None = None
        self._listener: asyncio.Task[None] | None = None
        metrics.watch(lambda: len(self._running), lambda: len(self._waiting))

    def require_room(self) -> None:
        """Raise Overloaded if as many jobs wait as may."""
        settings = self._settings
        unfinished = len(self._waiting) + len(self._running)
        if unfinished >= settings.inversions + settings.inversion_queue:
            raise Overloaded(self._job_s / settings.inversions, "inversions")

    def submit(self, order: InversionOrder) -> Job:
        """Accept a job; raises Overloaded."""
        self.require_room()
        job = Job(order)
        self._jobs[job.id] = job
        self._waiting.append(job)
        self._fill()
        return job

    def find(self, job_id: str) -> Job:
        """Return a job; raises ForgottenJob if there was one, else UnknownJob."""
        if job := self._jobs.get(job_id):
            return job
        if job_id in self._forgotten:
            raise ForgottenJob(
                "The job has ended and is forgotten: it was deleted, ended more than "
                f"{self._settings.job_ttl_s:g} s ago, or {_MAX_ENDED} others were kept. "
                "Send the same image and parameters to POST /invert again; they find the same "
                "latent."
            )
        raise UnknownJob("There is no such job. POST /invert makes one and says its id.")

    def cancel(self, job_id: str) -> Job:
        """Cancel a job, or forget it if it has ended; raises as `find` does."""
        job = self.find(job_id)
        if job.state.is_final:
            self._forget(job)
            return job
        if job.state is JobState.RUNNING and self._process is not None:
            self._process.cancel(job.id)
        job.cancel()
        self._settle(job)
        self._fill()
        return job

    async def close(self) -> None:
        """Cancel what has not ended, and end the process."""
        for job in [*self._waiting, *self._running.values()]:
            job.cancel()
        self._waiting.clear()
        self._running.clear()
        for timer in self._timers.values():
            timer.cancel()
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)

    def _fill(self) -> None:
        """Start what waits, as far as there is room."""
        if self._listener is None and self._waiting:
            self._listener = asyncio.create_task(self._run_process())
        if self._process is None:
            return
        while self._waiting and len(self._running) < self._settings.inversions:
            job = self._waiting.popleft()
            self._running[job.id] = job
            self._set_timer(job, self._settings.inversion_limit_s, self._give_up)
            job.start()
            self._process.start(job.id, job.order)

    async def _run_process(self) -> None:
        """Start the process and serve it until it ends; what it ran ends with it."""
        try:
            process = await open_process(self._settings.device)
        except Exception:  # whatever it is, nobody may be left waiting
            _log.exception("the process for inversions cannot be started")
            self._listener = None
            for job in list(self._waiting):
                self._fail(job, "The process that searches could not be started.")
            return
        try:
            self._process = process
            self._fill()
            await process.listen(self._take)
        except Exception:
            _log.exception("what the process for inversions said could not be taken")
        finally:
            self._process = self._listener = None
            process.close()
        _log.error("the process for inversions has ended")
        for job in list(self._running.values()):
            self._fail(job, "The process that searched has ended.")
        self._fill()

    def _take(self, report: Report) -> None:
        """Note what the process says about a job; it may be about one that has ended."""
        job = self._running.get(report["job"])
        if job is None:
            return
        if "fault" in report:
            _log.error("an inversion of %s failed: %s", job.order.model, report["fault"])
            self._fail(job, "The search failed; the service's log says why.")
        else:
            job.report(report["progress"], report["psnr_db"])
        if "z" in report:
            job.finish(JobResult(report["z"], report["label"]))
            self._job_s = time.monotonic() - job.started_s
            self._settle(job)
        self._fill()

    def _give_up(self, job: Job) -> None:
        """End a job that takes too long, and a process that has not even begun with it."""
        if self._process is not None:
            self._process.cancel(job.id)
            if not job.progress:
                self._process.kill()
                self._process = None  # or what waits would be started in it, and end with it
        self._fail(job, "The search took longer than it may.")
        self._fill()

    def _fail(self, job: Job, detail: str) -> None:
        job.fail(detail)
        self._settle(job)

    def _settle(self, job: Job) -> None:
        """Count an ended job, take it off the queue, and forget it after a while."""
        searched_s = time.monotonic() - job.started_s if job.started_s else None
        self._metrics.observe(job.state.value, searched_s)
        self._running.pop(job.id, None)
        if job in self._waiting:
            self._waiting.remove(job)
        self._set_timer(job, self._settings.job_ttl_s, self._forget)
        self._bound_ended(job)

    def _bound_ended(self, job: Job) -> None:
        """Forget one if too many have ended, or cancelling as fast as one can would fill memory.

        The first to have ended, but cancelled ones before results.
        """
        self._jobs[job.id] = self._jobs.pop(job.id)  # in the order of their ends
        ended = [each for each in self._jobs.values() if each.state.is_final]
        if len(ended) > _MAX_ENDED:
            self._forget(min(ended, key=lambda each: each.state is not JobState.CANCELLED))

    def _set_timer(self, job: Job, delay_s: float, act: Callable[[Job], None]) -> None:
        """Have `act` called for the job later, instead of what was to be."""
        if job.id in self._timers:
            self._timers.pop(job.id).cancel()
        self._timers[job.id] = asyncio.get_running_loop().call_later(delay_s, act, job)

    def _forget(self, job: Job) -> None:
        if self._jobs.pop(job.id, None) is not None:
            self._forgotten.append(job.id)
        if timer := self._timers.pop(job.id, None):
            timer.cancel()

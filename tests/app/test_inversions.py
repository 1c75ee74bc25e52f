"""Every job ends, whatever becomes of the process that searches."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.errors import ForgottenJob, Overloaded, UnknownJob
from app.inversion_process import InversionProcess
from app.inversions import Inversions
from app.job import InversionOrder, Job, JobState
from app.metrics import Metrics
from app.settings import Settings
from model.checkpoint import read_checkpoint
from model.observation import Observation

pytestmark = pytest.mark.anyio


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[InversionProcess]:
    """Collect the processes that are started."""
    processes: list[InversionProcess] = []
    connect = InversionProcess.connect

    async def note(process: InversionProcess) -> None:
        processes.append(process)
        await connect(process)

    monkeypatch.setattr(InversionProcess, "connect", note)
    return processes


@pytest.fixture
def order(weights: Path) -> InversionOrder:
    path = weights / "faces.safetensors"
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    return InversionOrder(
        model="faces",
        digest=read_checkpoint(path).digest,
        path=path,
        observation=Observation(pixels, np.ones((16, 16), np.bool_)),
        task="invert",
        label=None,
        steps=2000,
        restarts=64,
        seed=0,
        max_magnitude=10.0,
        realism=0.0,
    )


async def until(job: Job, state: JobState) -> None:
    async with asyncio.timeout(60):
        async for seen in job.watch():
            if seen.state is state:
                return
    raise AssertionError(f"{job.state}, never {state}")


async def until_it_advances(job: Job) -> None:
    async with asyncio.timeout(60):
        async for seen in job.watch():
            if seen.progress:
                return
    raise AssertionError(f"{job.state} before it began: {job.detail}")


async def test_jobs_of_a_process_that_dies_fail_and_the_next_gets_a_new_one(
    settings: Settings, order: InversionOrder, started: list[InversionProcess]
) -> None:
    inversions = Inversions(settings.model_copy(update={"inversions": 1}), Metrics().jobs)
    first, second = inversions.submit(order), inversions.submit(order)
    await until_it_advances(first)
    started[0].kill()
    await until(first, JobState.FAILED)
    assert second.state is not JobState.FAILED
    await until_it_advances(second)
    assert len(started) == 2
    await inversions.close()
    assert second.state is JobState.CANCELLED


async def test_a_process_that_hangs_takes_no_waiting_job_with_it(
    settings: Settings,
    order: InversionOrder,
    started: list[InversionProcess],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = InversionProcess.start

    def start_and_stop_the_first(process: InversionProcess, job: str, what: InversionOrder) -> None:
        start(process, job, what)
        if process is started[0]:
            process._process.send_signal(signal.SIGSTOP)

    monkeypatch.setattr(InversionProcess, "start", start_and_stop_the_first)
    changed = settings.model_copy(update={"inversions": 1})
    inversions = Inversions(changed, Metrics().jobs)
    first, second = inversions.submit(order), inversions.submit(order)
    await until(first, JobState.RUNNING)
    inversions._give_up(first)  # as its timer does
    assert first.state is JobState.FAILED
    await until_it_advances(second)
    await inversions.close()


async def test_jobs_run_side_by_side_up_to_the_limit_and_closing_ends_them_all(
    settings: Settings, order: InversionOrder, started: list[InversionProcess]
) -> None:
    inversions = Inversions(
        settings.model_copy(update={"inversions": 2, "inversion_queue": 2}), Metrics().jobs
    )
    jobs = [inversions.submit(order) for _ in range(4)]
    with pytest.raises(Overloaded):
        inversions.submit(order)
    await until_it_advances(jobs[0])
    await until_it_advances(jobs[1])
    assert os.getpriority(os.PRIO_PROCESS, started[0]._process.pid) == 19
    assert jobs[2].state is JobState.QUEUED
    inversions.cancel(jobs[0].id)
    await until_it_advances(jobs[2])
    await inversions.close()
    assert [job.state for job in jobs] == [JobState.CANCELLED] * 4
    assert started[0]._process.returncode is not None


async def test_a_process_that_cannot_be_started_fails_the_jobs(
    settings: Settings, order: InversionOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.inversion_process.sys.executable", "/nowhere/python")
    inversions = Inversions(settings, Metrics().jobs)
    job = inversions.submit(order)
    await until(job, JobState.FAILED)
    await inversions.close()


async def test_a_process_that_cannot_be_reached_fails_the_jobs_and_is_ended(
    settings: Settings, order: InversionOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes: list[InversionProcess] = []

    async def break_down(process: InversionProcess) -> None:
        processes.append(process)
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(InversionProcess, "connect", break_down)
    inversions = Inversions(settings, Metrics().jobs)
    jobs = [inversions.submit(order) for _ in range(2)]
    for job in jobs:
        await until(job, JobState.FAILED)
    assert [process._process.returncode is not None for process in processes] == [True]
    await inversions.close()


async def test_a_job_that_never_was_is_unknown(settings: Settings) -> None:
    with pytest.raises(UnknownJob, match="POST /invert"):
        Inversions(settings, Metrics().jobs).find("x")


async def test_of_forgotten_jobs_the_last_are_known_and_no_more(
    settings: Settings, order: InversionOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.inversions._MAX_FORGOTTEN", 2)
    monkeypatch.setattr("app.inversion_process.sys.executable", "/nowhere/python")
    inversions = Inversions(settings, Metrics().jobs)
    jobs = [inversions.submit(order) for _ in range(3)]
    for job in jobs:
        await until(job, JobState.FAILED)
        inversions.cancel(job.id)  # it has ended, so it is forgotten
    with pytest.raises(UnknownJob):
        inversions.find(jobs[0].id)
    for job in jobs[1:]:
        for ask in (inversions.find, inversions.cancel):
            with pytest.raises(ForgottenJob, match="POST /invert again"):
                ask(job.id)
    await inversions.close()


async def test_ended_jobs_are_bounded_and_results_outlive_cancelled_ones(
    settings: Settings, order: InversionOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.inversions._MAX_ENDED", 3)
    inversions = Inversions(settings, Metrics().jobs)
    done = inversions.submit(dataclasses.replace(order, steps=2, restarts=1))
    await until(done, JobState.DONE)
    cancelled = [inversions.cancel(inversions.submit(order).id) for _ in range(4)]
    for job in cancelled[:2]:
        with pytest.raises(ForgottenJob, match="3 others were kept"):
            inversions.find(job.id)
    kept = [done, *cancelled[2:]]
    assert [inversions.find(job.id) for job in kept] == kept
    await inversions.close()


async def test_jobs_are_counted_by_how_they_end_and_timed_if_they_began(
    settings: Settings, order: InversionOrder
) -> None:
    metrics = Metrics()
    changed = settings.model_copy(update={"inversions": 1})
    inversions = Inversions(changed, metrics.jobs)
    short = dataclasses.replace(order, steps=2, restarts=1)
    jobs = [inversions.submit(which) for which in (short, order, order)]
    await until(jobs[0], JobState.DONE)
    await until_it_advances(jobs[1])
    assert read(metrics, "ganloom_jobs_running") == {"": 1}
    assert read(metrics, "ganloom_jobs_waiting") == {"": 1}
    inversions.cancel(jobs[2].id)
    inversions.cancel(jobs[1].id)
    assert read(metrics, "ganloom_jobs_total") == {"done": 1, "failed": 0, "cancelled": 2}
    counted = read(metrics, "ganloom_job_seconds_count")
    assert counted == {"done": 1, "failed": 0, "cancelled": 1}  # the other never began
    assert read(metrics, "ganloom_job_seconds_sum")["done"] > 0
    assert read(metrics, "ganloom_jobs_running") == read(metrics, "ganloom_jobs_waiting") == {"": 0}
    await inversions.close()


def read(metrics: Metrics, name: str) -> dict[str, float]:
    """Return the values of one series by its outcome."""
    return {
        sample.labels.get("outcome", ""): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
        if sample.name == name
    }

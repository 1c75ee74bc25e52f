"""`JobMetrics`: what Prometheus may scrape of inversions."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 600.0)
_OUTCOMES = ("done", "failed", "cancelled")


class JobMetrics:
    """The series of jobs, written by `Inversions`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._ended = Counter(
            "ganloom_jobs", "Inversions that ended.", ["outcome"], registry=registry
        )
        self._seconds = Histogram(
            "ganloom_job_seconds",
            "Inversions from start to end.",
            ["outcome"],
            buckets=_SECONDS,
            registry=registry,
        )
        for outcome in _OUTCOMES:  # at 0, or a rate would miss the first
            self._ended.labels(outcome)
            self._seconds.labels(outcome)
        self._running = Gauge("ganloom_jobs_running", "Inversions that search.", registry=registry)
        self._waiting = Gauge(
            "ganloom_jobs_waiting", "Inversions that wait for room.", registry=registry
        )

    def watch(self, running: Callable[[], float], waiting: Callable[[], float]) -> None:
        """Read how many jobs run and wait whenever the metrics are scraped."""
        self._running.set_function(running)
        self._waiting.set_function(waiting)

    def observe(self, outcome: str, searched_s: float | None) -> None:
        """Count a job that ended, and how long it searched if it ever began."""
        self._ended.labels(outcome).inc()
        if searched_s is not None:
            self._seconds.labels(outcome).observe(searched_s)

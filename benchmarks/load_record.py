"""`LoadRecord`: what a load generator saw, answer by answer, and its summary."""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.http_answers import Answer


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least `percent` of all values do not exceed.

    `ordered` is sorted, not empty. The nearest rank: a value that was really seen, never one
    between two.
    """
    if not ordered:
        raise ValueError("there is no percentile of nothing")
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]


@dataclass(frozen=True)
class StatusSummary:
    """All answers of one status; latencies in milliseconds."""

    answers: int
    per_s: float  # of those that came while the measurement ran
    with_retry_after: int
    with_etag: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True)
class LoadSummary:
    """One measurement. `statuses` is keyed by the status as text, as JSON has it."""

    seconds: float
    statuses: dict[str, StatusSummary] = field(default_factory=dict)
    offered: int = 0  # requests that were due
    late: int = 0  # sent more than a few milliseconds after they were due
    lost: int = 0  # the connection broke before the answer
    unanswered: int = 0  # when the patience ended
    connections: int = 0
    client_share: float = 0.0  # of one core, that the load generator itself took

    def per_s(self, status: str) -> float:
        """Return the rate of one status, 0 if it was not seen."""
        return self.statuses[status].per_s if status in self.statuses else 0.0

    def errors(self) -> int:
        """Count what no client should see: answers of 500 and above, and no answer at all."""
        failed = sum(
            seen.answers for status, seen in self.statuses.items() if status.startswith("5")
        )
        return failed + self.lost + self.unanswered


class LoadRecord:
    """Takes answers in while the load runs; as little as can be done for each."""

    def __init__(self, starts: float, ends: float) -> None:
        self.starts = starts
        self.ends = ends
        self.offered = 0
        self.late = 0
        self.lost = 0
        self._latencies: dict[int, array[float]] = defaultdict(lambda: array("d"))
        self._in_time: Counter[int] = Counter()
        self._with_retry_after: Counter[int] = Counter()
        self._with_etag: Counter[int] = Counter()

    def add(self, answer: Answer, started: float, now: float) -> None:
        """Take in an answer to what was due at `started`.

        Rates count what came between start and end; latencies all that was due then, or the
        slowest answers, which come after the end, would be left out.
        """
        status = answer.status
        if self.starts <= now < self.ends:
            self._in_time[status] += 1
        if started < self.starts:
            return
        self._latencies[status].append(now - started)
        if answer.has_retry_after:
            self._with_retry_after[status] += 1
        if answer.etag:
            self._with_etag[status] += 1

    def summarise(self, *, unanswered: int, connections: int, client_share: float) -> LoadSummary:
        """Return rates and percentiles."""
        seconds = self.ends - self.starts
        seen = sorted({*self._latencies, *self._in_time})
        statuses = {str(status): self._summarise_status(status, seconds) for status in seen}
        return LoadSummary(
            seconds=seconds,
            statuses=statuses,
            offered=self.offered,
            late=self.late,
            lost=self.lost,
            unanswered=unanswered,
            connections=connections,
            client_share=client_share,
        )

    def _summarise_status(self, status: int, seconds: float) -> StatusSummary:
        # There are none where all that were answered had been due before the start.
        ordered = sorted(latency * 1000 for latency in self._latencies[status]) or [math.nan]
        return StatusSummary(
            answers=len(self._latencies[status]),
            per_s=self._in_time[status] / seconds,
            with_retry_after=self._with_retry_after[status],
            with_etag=self._with_etag[status],
            p50_ms=percentile(ordered, 50),
            p90_ms=percentile(ordered, 90),
            p99_ms=percentile(ordered, 99),
            max_ms=ordered[-1],
        )

"""Closed loops by wrk where it is installed, by our own load generator where it is not."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks import wrk
from benchmarks.load import LoadSpec, measure_load
from benchmarks.load_record import LoadSummary
from benchmarks.load_requests import conditional_request
from benchmarks.server import Server


@dataclass(frozen=True)
class ClosedLoopResult:
    """What so many clients got, each asking again as soon as it was answered."""

    connections: int
    per_s: float
    p50_ms: float
    p99_ms: float
    errors: int


def generate(server: Server, connections: int, seconds: float, warmup_s: float) -> ClosedLoopResult:
    """Ask for single images, each of a seed of its own."""
    if wrk.find_wrk() is None:
        spec = LoadSpec(
            server.port, server.generate_path, connections, seconds=seconds, warmup_s=warmup_s
        )
        return _of_load(measure_load(spec), connections, "200")
    wrk.post_fresh_seeds(server.port, server.generate_path, connections, warmup_s)
    seen = wrk.post_fresh_seeds(server.port, server.generate_path, connections, seconds)
    return _of_wrk(seen, connections)


def revalidate(
    server: Server, etags: dict[str, str], connections: int, seconds: float, warmup_s: float
) -> ClosedLoopResult:
    """Ask whether the images at the paths of `etags` have changed; they have not."""
    if wrk.find_wrk() is None:
        requests = tuple(
            conditional_request(path, server.port, etag).decode() for path, etag in etags.items()
        )
        spec = LoadSpec(
            server.port,
            connections=connections,
            seconds=seconds,
            warmup_s=warmup_s,
            requests=requests,
        )
        return _of_load(measure_load(spec), connections, "304")
    wrk.get_conditionally(server.port, etags, connections, warmup_s)
    return _of_wrk(wrk.get_conditionally(server.port, etags, connections, seconds), connections)


def _of_wrk(seen: wrk.WrkSummary, connections: int) -> ClosedLoopResult:
    errors = seen.failed + seen.refused
    return ClosedLoopResult(connections, seen.per_s, seen.p50_ms, seen.p99_ms, errors)


def _of_load(seen: LoadSummary, connections: int, wanted: str) -> ClosedLoopResult:
    others = sum(each.answers for status, each in seen.statuses.items() if status != wanted)
    errors = others + seen.lost + seen.unanswered
    if wanted not in seen.statuses:
        return ClosedLoopResult(connections, 0.0, float("nan"), float("nan"), errors)
    status = seen.statuses[wanted]
    return ClosedLoopResult(connections, status.per_s, status.p50_ms, status.p99_ms, errors)

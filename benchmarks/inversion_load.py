"""Do those who wait for an image notice that inversions run?

    python -m benchmarks.inversion_load

Single images arrive as a Poisson process, in turn with no inversion and with four that run all
the time, each as long as one may be. The 99th percentile with them is to be at most twice that
without.
"""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.connections import LOOPBACK
from benchmarks.contenders import add_ganloom_arguments, ganloom
from benchmarks.load import LoadSpec, measure_load
from benchmarks.report import Bar, Report, Table, bar_table, report_parser
from benchmarks.server import ROOT, Server, running

_INVERSIONS = 4
_LONGEST = "steps=2000&restarts=64"


@dataclass(frozen=True)
class Round:
    """One load: how many inversions ran beside it, and its latencies."""

    inversions: int
    answers: int
    p50_ms: float
    p99_ms: float

    def row(self) -> tuple[str, ...]:
        """Return the row of the table."""
        return (
            str(self.inversions),
            str(self.answers),
            f"{self.p50_ms:.2f}",
            f"{self.p99_ms:.2f}",
        )


def main() -> None:
    """Measure in turn without and with inversions."""
    parser = report_parser(__doc__)
    add_ganloom_arguments(parser)
    parser.add_argument("--weights", type=Path, default=ROOT / "weights")
    parser.add_argument("--rate", type=float, default=100.0, help="images a second")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each load")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    seconds = 3.0 if arguments.quick else arguments.seconds
    # What runs now is to run to the end of its round, however slowly.
    settings = {"INVERSION_LIMIT_S": "3600", **dict(arguments.ganloom)}
    rounds: list[Round] = []
    with running(ganloom(arguments.weights, settings)) as server:
        for _ in range(1 if arguments.quick else arguments.rounds):
            rounds.append(_measure(server, arguments.rate, seconds, 0))
            with _inversions(server):
                rounds.append(_measure(server, arguments.rate, seconds, _INVERSIONS))
    alone, beside = (
        median(item.p99_ms for item in rounds if bool(item.inversions) is is_beside)
        for is_beside in (False, True)
    )
    bars = [Bar("p99 with four inversions, times that without", beside / alone, 2.0, False)]
    columns = ("inversions", "answers", "p50 ms", "p99 ms")
    table = Table(f"{arguments.rate:g} images/s", columns, [item.row() for item in rounds])
    figures = {"rounds": rounds, "bars": bars}
    Report("Inversions beside images", [table, bar_table(bars)], figures).publish(arguments)


def _measure(server: Server, rate: float, seconds: float, inversions: int) -> Round:
    spec = LoadSpec(server.port, server.generate_path, connections=256, rate=rate, seconds=seconds)
    answered = measure_load(spec).statuses["200"]
    return Round(inversions, answered.answers, answered.p50_ms, answered.p99_ms)


@contextlib.contextmanager
def _inversions(server: Server) -> Iterator[None]:
    """Keep four running; SystemExit if one has ended before it was to."""
    with urllib.request.urlopen(f"http://{LOOPBACK}:{server.port}/images/7.png") as answer:
        image = answer.read()
    jobs = [
        _ask(server, "POST", f"/invert?seed={number}&{_LONGEST}", image)["id"]
        for number in range(_INVERSIONS)
    ]
    for job in jobs:
        _wait_until_it_advances(server, job)
    yield
    states = [_ask(server, "DELETE", f"/jobs/{job}")["state"] for job in jobs]
    if states != ["cancelled"] * _INVERSIONS:
        raise SystemExit(f"the inversions did not run all the time: {states}")


def _wait_until_it_advances(server: Server, job: str) -> None:
    """Read a job's events until the first with progress: it searches."""
    with urllib.request.urlopen(f"http://{LOOPBACK}:{server.port}/jobs/{job}/events") as events:
        for line in events:
            if line.startswith(b"data: ") and json.loads(line[6:])["progress"]:
                return


def _ask(server: Server, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://{LOOPBACK}:{server.port}{path}", body, {"Content-Type": "image/png"}, method=method
    )
    with urllib.request.urlopen(request) as answer:
        document: dict[str, Any] = json.load(answer)
        return document


if __name__ == "__main__":
    main()

"""What becomes of latency and goodput when requests come faster than they can be answered?

    python -m benchmarks.overload

Measures the capacity with 64 clients, then lets requests arrive at 0.7, 1 and 5 times that rate,
whether or not the server keeps up. The same load generator throughout, so that its own share of
the machine counts on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.contenders import add_ganloom_arguments, ganloom, peer_weights
from benchmarks.load import LoadSpec, measure_load
from benchmarks.load_record import LoadSummary
from benchmarks.report import Bar, Report, Table, bar_table, report_parser
from benchmarks.server import Server, running

_CLIENTS = 64
# What a reverse proxy keeps open; more would overflow a listener's backlog, not the queue.
_MAX_CONNECTIONS = 1024
_OVERLOAD = 5.0
_NAN = float("nan")


@dataclass(frozen=True)
class Phase:
    """One load on the server; `factor` is its rate over the capacity, None for a closed loop."""

    name: str
    factor: float | None
    load: LoadSummary

    @property
    def p99_ms(self) -> float:
        """The 99th percentile of accepted requests."""
        accepted = self.load.statuses.get("200")
        return accepted.p99_ms if accepted else _NAN

    def row(self) -> tuple[str, ...]:
        """Return the phase's row of the table."""
        accepted = self.load.statuses.get("200")
        others = [f"{s.answers} x {status}" for status, s in self.load.statuses.items()]
        return (
            self.name,
            f"{self.load.offered / self.load.seconds:.0f}",
            f"{self.load.per_s('200'):.0f}",
            f"{accepted.p50_ms:.1f}" if accepted else "-",
            f"{accepted.p99_ms:.1f}" if accepted else "-",
            ", ".join(others),
            f"{self.load.lost} / {self.load.unanswered} / {self.load.late}",
            f"{self.load.client_share:.0%}",
        )


_COLUMNS = (
    "load",
    "offered/s",
    "images/s",
    "p50 ms",
    "p99 ms",
    "answers",
    "lost / unanswered / late",
    "client's share of a core",
)


def main() -> None:
    """Measure all phases on one server, which is warm from the first on."""
    parser = report_parser(__doc__)
    add_ganloom_arguments(parser)
    parser.add_argument("--seconds", type=float, default=60.0, help="of overload")
    parser.add_argument("--phase-seconds", type=float, default=20.0, help="of each other load")
    arguments = parser.parse_args()
    overload_s = 4.0 if arguments.quick else arguments.seconds
    phase_s = 2.0 if arguments.quick else arguments.phase_seconds
    with peer_weights() as weights, running(ganloom(weights, dict(arguments.ganloom))) as server:
        alone = _closed(server, "1 client", 1, phase_s)
        full = _closed(server, f"{_CLIENTS} clients: the capacity", _CLIENTS, phase_s)
        capacity = full.load.per_s("200")
        most = _open(server, 0.7, capacity, phase_s)
        at_capacity = _open(server, 1.0, capacity, phase_s)
        over = _open(server, _OVERLOAD, capacity, overload_s)
    phases = [alone, full, most, at_capacity, over]
    bars = _bars(alone, full, most, over)
    tables = [Table("Loads in turn", _COLUMNS, [p.row() for p in phases]), bar_table(bars)]
    report = Report("Overload", tables, {"capacity": capacity, "phases": phases, "bars": bars})
    report.publish(arguments)


def _closed(server: Server, name: str, clients: int, seconds: float) -> Phase:
    spec = LoadSpec(server.port, server.generate_path, clients, seconds=seconds)
    return Phase(name, None, measure_load(spec))


def _open(server: Server, factor: float, capacity: float, seconds: float) -> Phase:
    spec = LoadSpec(
        server.port,
        server.generate_path,
        _MAX_CONNECTIONS,
        rate=factor * capacity,
        seconds=seconds,
    )
    return Phase(f"arrivals at {factor:g} of it", factor, measure_load(spec))


def _bars(alone: Phase, full: Phase, most: Phase, over: Phase) -> list[Bar]:
    refused = over.load.statuses.get("429")
    without_retry = refused.answers - refused.with_retry_after if refused else 0
    others = sum(s.answers for key, s in over.load.statuses.items() if key not in ("200", "429"))
    bad = others + over.load.lost + over.load.unanswered
    alone_ms = alone.load.statuses["200"].p50_ms
    goodput = over.load.per_s("200") / full.load.per_s("200")
    return [
        Bar("p99 at 0.7 of capacity / p50 of 1 client", most.p99_ms / alone_ms, 6.0, False),
        Bar("overload: p99 of accepted / p99 at capacity", over.p99_ms / full.p99_ms, 3.0, False),
        Bar("overload: goodput / capacity", goodput, 0.9, True),
        Bar("overload: 429 without Retry-After", without_retry, 0.0, False),
        Bar("overload: neither 200 nor 429", bad, 0.0, False),
    ]


if __name__ == "__main__":
    main()

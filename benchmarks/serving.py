"""One image a request: ganloom and other servers of the same generator, side by side.

    python -m benchmarks.serving --peers-python ../peers/bin/python

The servers take turns, A B A B, each alone on the machine; figures are medians of the rounds.
The peers need an interpreter with the packages of benchmarks/peers/requirements.txt.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import closed_loop
from benchmarks.bare import Bare, read_bare
from benchmarks.closed_loop import ClosedLoopResult
from benchmarks.contenders import (
    GANLOOM,
    LABELS,
    PEERS,
    add_ganloom_arguments,
    ganloom,
    peer,
    peer_weights,
)
from benchmarks.foreign_work import ForeignWork
from benchmarks.plots import plot_rates
from benchmarks.report import Bar, Report, Table, bar_table, report_parser
from benchmarks.scrape import fetch, scrape
from benchmarks.server import Launch, Server, running

_PEERS = ("plain_fastapi", "litserve", "mosec", "mosec_tuned")
_REVALIDATED_URLS = 256
# mosec, too, lets 1,024 wait; by default ganloom refuses what would wait for long.
_ROOM = {"QUEUE_CAPACITY": "1024"}
_BUSY = 64  # connections of the claims about load
_NAN = float("nan")


@dataclass(frozen=True)
class Sample:
    """One server in one round: single images, and for ganloom answers without work."""

    server: str
    round: int
    results: list[ClosedLoopResult]
    foreign_share: float  # of the cores, taken by others meanwhile
    revalidated: ClosedLoopResult | None = None
    images_by_revalidation: float = 0.0


@dataclass(frozen=True)
class Medians:
    """Figures by server and number of connections."""

    per_s: dict[str, dict[int, float]]
    p50_ms: dict[str, dict[int, float]]
    p99_ms: dict[str, dict[int, float]]
    errors: dict[str, int]

    def ratio(self, other: str, connections: int) -> float:
        """Return ganloom's requests/s over another's, NaN where one was not measured."""
        theirs = self.per_s.get(other, {}).get(connections, _NAN)
        return self.per_s[GANLOOM].get(connections, _NAN) / theirs


def main() -> None:
    """Run the rounds, print the tables, write the plot."""
    arguments = _parse()
    bare = read_bare(arguments.bare, arguments.quick)
    samples = []
    with peer_weights() as weights:
        launches = [ganloom(weights, _ROOM | dict(arguments.ganloom))]
        launches += [peer(name, arguments.peers_python) for name in arguments.peers]
        for number in range(arguments.rounds):
            for launch in launches:
                print(f"round {number + 1} of {arguments.rounds}: {launch.name}", file=sys.stderr)
                samples.append(_sample(launch, number, arguments))
    medians = _medians(samples)
    bars = _bars(medians, samples, bare)
    tables = [_rates_table(medians), _ratios_table(medians), _work_table(samples, bare)]
    report = Report(
        "One image a request",
        [*tables, bar_table(bars)],
        {"samples": samples, "medians": medians, "bare": bare, "bars": bars},
    )
    report.publish(arguments)
    if arguments.plot is not None:
        rates = {LABELS[name]: per_s for name, per_s in medians.per_s.items()}
        plot_rates(rates, arguments.connections, arguments.machine.hardware(), arguments.plot)


def _parse() -> argparse.Namespace:
    parser = report_parser(__doc__)
    add_ganloom_arguments(parser)
    parser.add_argument("--peers", type=_names, default=_PEERS, help=f"of {', '.join(PEERS)}")
    parser.add_argument("--peers-python", default=sys.executable, help="interpreter of the peers")
    parser.add_argument("--connections", type=_numbers, default=(1, 16, 64, 256))
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement")
    parser.add_argument("--warmup", type=float, default=2.0, help="seconds before each")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--bare", type=Path, help="what benchmarks.forward --json wrote")
    parser.add_argument("--plot", type=Path, help="write the plot, such as docs/images/serving.png")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seconds, arguments.warmup, arguments.rounds = 2.0, 1.0, 1
    return arguments


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name for name in text.split(",") if name)
    if unknown := sorted(set(names) - set(PEERS)):
        raise argparse.ArgumentTypeError(f"no such peer: {', '.join(unknown)}")
    return names


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def _sample(launch: Launch, number: int, arguments: argparse.Namespace) -> Sample:
    with running(launch) as server:
        others = ForeignWork(server.pid)
        results = [
            closed_loop.generate(server, count, arguments.seconds, arguments.warmup)
            for count in arguments.connections
        ]
        if launch.name != GANLOOM:
            return Sample(launch.name, number, results, others.share())
        etags = _etags(server)
        before = scrape(server.port)["ganloom_images_total"]
        revalidated = closed_loop.revalidate(
            server, etags, _BUSY, arguments.seconds, arguments.warmup
        )
        made = scrape(server.port)["ganloom_images_total"] - before
        return Sample(launch.name, number, results, others.share(), revalidated, made)


def _etags(server: Server) -> dict[str, str]:
    """Return the ETag of some URLs, each checked to be answered with 304."""
    etags = {}
    for seed in range(_REVALIDATED_URLS):
        path = f"/images/{seed}.png"
        etags[path] = fetch(server.port, path)[2]["etag"]
        status, content, _ = fetch(server.port, path, {"If-None-Match": etags[path]})
        assert (status, content) == (304, b""), f"{path} is answered with {status}"
    return etags


def _medians(samples: list[Sample]) -> Medians:
    medians = Medians({}, {}, {}, {})
    for name in dict.fromkeys(sample.server for sample in samples):
        mine = [sample for sample in samples if sample.server == name]
        rounds = list(zip(*(sample.results for sample in mine), strict=True))
        counts = [results[0].connections for results in rounds]
        medians.per_s[name] = {
            c: median(r.per_s for r in results) for c, results in zip(counts, rounds, strict=True)
        }
        medians.p50_ms[name] = {
            c: median(r.p50_ms for r in results) for c, results in zip(counts, rounds, strict=True)
        }
        medians.p99_ms[name] = {
            c: median(r.p99_ms for r in results) for c, results in zip(counts, rounds, strict=True)
        }
        medians.errors[name] = sum(result.errors for results in rounds for result in results)
    return medians


def _bars(medians: Medians, samples: list[Sample], bare: Bare) -> list[Bar]:
    ours = medians.p50_ms[GANLOOM].get(1, _NAN)
    plain = medians.p50_ms.get("plain_fastapi", {}).get(1, _NAN)
    busy = medians.per_s[GANLOOM].get(_BUSY, _NAN)
    made = sum(sample.images_by_revalidation for sample in samples)
    return [
        Bar(f"{_BUSY} connections: images/s / mosec", medians.ratio("mosec", _BUSY), 3.0, True),
        Bar(
            f"{_BUSY} connections: images/s / tuned mosec",
            medians.ratio("mosec_tuned", _BUSY),
            1.0,
            True,
        ),
        Bar("1 connection: p50 / plain FastAPI", ours / plain, 0.4, False),
        Bar("1 connection: p50 / bare forward pass and PNG", ours / bare.one_ms, 1.6, False),
        Bar(f"{_BUSY} connections: 304s/s / images/s", _revalidated(samples) / busy, 3.0, True),
        Bar("images made for 304s", made, 0.0, False),
        Bar("errors of ganloom", medians.errors[GANLOOM], 0.0, False),
    ]


def _revalidated(samples: list[Sample]) -> float:
    return median(sample.revalidated.per_s for sample in samples if sample.revalidated)


def _rates_table(medians: Medians) -> Table:
    counts = list(medians.per_s[GANLOOM])
    rows = [
        (
            LABELS[name],
            *(
                f"{medians.per_s[name][c]:.0f} ({medians.p50_ms[name][c]:.1f} / "
                f"{medians.p99_ms[name][c]:.1f})"
                for c in counts
            ),
            str(medians.errors[name]),
        )
        for name in medians.per_s
    ]
    columns = ("server", *(f"{c} conn." for c in counts), "errors")
    return Table("Requests/s (p50 / p99 ms)", columns, rows)


def _ratios_table(medians: Medians) -> Table:
    counts = list(medians.per_s[GANLOOM])
    others = [name for name in medians.per_s if name != GANLOOM]
    rows = [(LABELS[name], *(f"{medians.ratio(name, c):.2f}" for c in counts)) for name in others]
    return Table("ganloom's requests/s over", ("server", *(f"{c} conn." for c in counts)), rows)


def _work_table(samples: list[Sample], bare: Bare) -> Table:
    foreign_share = max(sample.foreign_share for sample in samples)
    rows = [
        (f"304 answers/s, {_BUSY} connections", f"{_revalidated(samples):.0f}"),
        (f"bare forward pass and PNG, ms: {bare.one_path}", f"{bare.one_ms:.2f}"),
        (f"bare forward pass, images/s: {bare.images_path}", f"{bare.images_per_s:.0f}"),
        ("most of the cores that others took beside a server", f"{foreign_share:.0%}"),
    ]
    return Table("Beside", ("what", "figure"), rows)


if __name__ == "__main__":
    main()

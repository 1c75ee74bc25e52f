"""Does the service get over clients that are killed while they wait?

    python -m benchmarks.abandoned

For five minutes half of 64 connections are reset at random moments: while they send, while they
wait, while they are answered. Then nothing may be left: no image in the queue, no request in
flight, no memory.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

from benchmarks.contenders import add_ganloom_arguments, ganloom, peer_weights
from benchmarks.crowd import Crowd
from benchmarks.process_tree import resident_bytes
from benchmarks.report import Bar, Report, Table, bar_table, report_parser
from benchmarks.scrape import scrape
from benchmarks.server import Server, running

_CLIENTS = 64
_WARMUP_S = 10.0
_PATIENCE_S = 30.0
_MEGABYTE = 1024**2


@dataclass(frozen=True)
class Holdings:
    """What a server holds at a moment."""

    moment: str
    queue_images: float
    requests_in_flight: float  # the one that asks is not counted
    resident_mb: float
    images: float

    def row(self) -> tuple[str, ...]:
        """Return the row of the table."""
        return (
            self.moment,
            f"{self.queue_images:.0f}",
            f"{self.requests_in_flight:.0f}",
            f"{self.resident_mb:.1f}",
            f"{self.images:.0f}",
        )


def main() -> None:
    """Warm the server up, note what it holds, kill clients, look again."""
    parser = report_parser(__doc__)
    add_ganloom_arguments(parser)
    parser.add_argument("--minutes", type=float, default=5.0)
    arguments = parser.parse_args()
    seconds = 6.0 if arguments.quick else arguments.minutes * 60
    warmup_s = 3.0 if arguments.quick else _WARMUP_S
    with peer_weights() as weights, running(ganloom(weights, dict(arguments.ganloom))) as server:
        # The same load first: what the allocator takes for it is no leak.
        asyncio.run(_crowd(server).run(_CLIENTS, warmup_s))
        _settle(server)
        before = _look(server, "before")
        crowd = _crowd(server)
        asyncio.run(crowd.run(_CLIENTS, seconds))
        during = _look(server, "at the end")
        settled_s = _settle(server)
        after = _look(server, "after")
    moments = [before, during, after]
    tables = [
        Table("The crowd", ("answers", "not 200", "killed waiting", "patient lost"), [_row(crowd)]),
        Table(
            f"What the server holds; it settled in {settled_s:.2f} s",
            ("moment", "queue", "in flight", "resident MB", "images made"),
            [moment.row() for moment in moments],
        ),
        bar_table(bars := _bars(crowd, before, after)),
    ]
    figures = {"moments": moments, "settled_s": settled_s, "seconds": seconds, "bars": bars}
    Report("Clients killed mid-flight", tables, figures).publish(arguments)


def _crowd(server: Server) -> Crowd:
    return Crowd(server.port, server.generate_path, random.SystemRandom().randrange(2**32))


def _row(crowd: Crowd) -> tuple[str, ...]:
    counts = (crowd.answers, crowd.refused, crowd.killed_waiting, crowd.lost)
    return tuple(str(count) for count in counts)


def _bars(crowd: Crowd, before: Holdings, after: Holdings) -> list[Bar]:
    growth = after.resident_mb - before.resident_mb
    return [
        Bar("images in the queue, after", after.queue_images, 0.0, False),
        Bar("requests in flight, after", after.requests_in_flight, 0.0, False),
        Bar("resident memory, after less before", growth, 30.0, False, " MB"),
        Bar("patient clients that lost their connection", crowd.lost, 0.0, False),
    ]


def _look(server: Server, moment: str) -> Holdings:
    samples = scrape(server.port)
    return Holdings(
        moment=moment,
        queue_images=samples["ganloom_queue_images"],
        requests_in_flight=samples["ganloom_requests_in_flight"] - 1,
        resident_mb=resident_bytes(server.pid) / _MEGABYTE,
        images=samples["ganloom_images_total"],
    )


def _settle(server: Server) -> float:
    """Wait until the server holds nothing, or the patience ends; return how long it took."""
    started = time.monotonic()
    while (elapsed := time.monotonic() - started) < _PATIENCE_S:
        held = _look(server, "")
        if held.queue_images <= 0 and held.requests_in_flight <= 0:
            break
        time.sleep(0.02)
    return elapsed


if __name__ == "__main__":
    main()

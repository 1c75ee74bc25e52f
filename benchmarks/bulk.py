"""Many images in one request: PNGs/s of `{"n": 256, "layout": "zip"}`, 1, 2 and 4 clients.

    python -m benchmarks.bulk

Against the best bare forward pass: what is missing to 1 is the price of HTTP, PNG and zip.
"""

from __future__ import annotations

import http.client
import io
import itertools
import json
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bare import read_bare
from benchmarks.connections import LOOPBACK
from benchmarks.contenders import add_ganloom_arguments, ganloom, peer_weights
from benchmarks.report import Bar, Report, Table, bar_table, report_parser
from benchmarks.server import Server, running

_IMAGES = 256
_CLIENTS = (1, 2, 4)
_MIN_RATIO = 0.9
_REFUSED_S = 0.01
# Room for all clients at once: the default bound would refuse the fourth.
_ROOM = {"QUEUE_CAPACITY": str(_IMAGES * max(_CLIENTS))}


class BulkError(Exception):
    """An answer that is not the images asked for."""


@dataclass(frozen=True)
class BulkRate:
    """What so many clients got together."""

    clients: int
    requests: int
    images_per_s: float


def main() -> None:
    """Measure each number of clients on one server."""
    parser = report_parser(__doc__)
    add_ganloom_arguments(parser)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each number of clients")
    parser.add_argument("--bare", type=Path, help="what benchmarks.forward --json wrote")
    arguments = parser.parse_args()
    seconds = 2.0 if arguments.quick else arguments.seconds
    bare = read_bare(arguments.bare, arguments.quick)
    settings = _ROOM | dict(arguments.ganloom)
    with peer_weights() as weights, running(ganloom(weights, settings)) as server:
        seeds = itertools.count(10**6, _IMAGES)
        _check(_ask(server, next(seeds)))
        rates = [_measure(server, clients, seconds, seeds) for clients in _CLIENTS]
    rows = [
        (
            str(rate.clients),
            str(rate.requests),
            f"{rate.images_per_s:.0f}",
            f"{rate.images_per_s / bare.images_per_s:.2f}",
        )
        for rate in rates
    ]
    best = max(rate.images_per_s for rate in rates)
    bars = [Bar("best PNGs/s / bare forward pass", best / bare.images_per_s, _MIN_RATIO, True)]
    title = f"Against {bare.images_per_s:.0f} images/s: {bare.images_path}"
    tables = [Table(title, ("clients", "requests", "PNGs/s", "of bare"), rows), bar_table(bars)]
    report = Report("256 images in a zip", tables, {"rates": rates, "bare": bare, "bars": bars})
    report.publish(arguments)


def _measure(server: Server, clients: int, seconds: float, seeds: Iterator[int]) -> BulkRate:
    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        work = [pool.submit(_repeat, server, started + seconds, seeds) for _ in range(clients)]
        requests = sum(client.result() for client in work)
    elapsed = time.perf_counter() - started
    return BulkRate(clients, requests, requests * _IMAGES / elapsed)


def _repeat(server: Server, ends: float, seeds: Iterator[int]) -> int:
    count = 0
    while time.perf_counter() < ends:
        _ask(server, next(seeds))
        count += 1
    return count


def _ask(server: Server, seed: int) -> bytes:
    """Return an archive, asking again while two others wait to be packed."""
    body = json.dumps({"n": _IMAGES, "seed": seed, "layout": "zip"})
    while (answer := _post(server, body))[0] == 429:
        time.sleep(_REFUSED_S)
    status, content = answer
    if status != 200:
        raise BulkError(f"{status}: {content[:500]!r}")
    return content


def _post(server: Server, body: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(LOOPBACK, server.port, timeout=120)
    try:
        connection.request("POST", server.generate_path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _check(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        images = [name for name in archive.namelist() if name.endswith(".png")]
    if len(images) != _IMAGES:
        raise BulkError(f"{len(images)} images instead of {_IMAGES}")


if __name__ == "__main__":
    main()

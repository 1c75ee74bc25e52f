"""The load generator: loads a server on this machine, from a process of its own.

    python -m benchmarks.load http://127.0.0.1:8000/generate --connections 64
    python -m benchmarks.load http://127.0.0.1:8000/generate --rate 500 --seconds 20

With --connections so many clients ask again as soon as they are answered; with --rate requests
arrive as a Poisson process, and each latency begins when its request was due. Every request
POSTs a seed that no other does. It stops by itself, and has no other target than 127.0.0.1.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import gc
import importlib
import itertools
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.arrivals import poisson_schedule
from benchmarks.connections import LOOPBACK
from benchmarks.load_loops import ClosedLoop, OpenLoop
from benchmarks.load_record import LoadRecord, LoadSummary, StatusSummary
from benchmarks.load_requests import fresh_seed_requests

ROOT = Path(__file__).parents[1]
_MAX_SECONDS = 900.0
_MAX_CONNECTIONS = 8192
_MAX_RATE = 50_000.0


@dataclass(frozen=True)
class LoadSpec:
    """What to do: a closed loop, or an open one if there is a `rate`.

    `requests` are sent in turn; where there are none, each POSTs a fresh seed to `path`.
    Raises ValueError if it is more than a benchmark needs.
    """

    port: int
    path: str = "/generate"
    connections: int = 64  # of an open loop: the most it may open
    rate: float | None = None
    seconds: float = 5.0
    warmup_s: float = 1.0
    patience_s: float = 10.0
    requests: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Bound time, connections and rate, so that no typing error is a flood."""
        if not 0 < self.seconds + self.warmup_s <= _MAX_SECONDS:
            raise ValueError(f"a load lasts at most {_MAX_SECONDS:.0f} s")
        if not 0 < self.connections <= _MAX_CONNECTIONS:
            raise ValueError(f"a load has from 1 to {_MAX_CONNECTIONS} connections")
        if self.rate is not None and not 0 < self.rate <= _MAX_RATE:
            raise ValueError(f"a rate is above 0 and at most {_MAX_RATE:.0f} a second")


class LoadError(Exception):
    """A load to which nothing was answered."""


def measure_load(spec: LoadSpec) -> LoadSummary:
    """Run the load in a process of its own and return what it saw; LoadError if nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", "--spec"],
        cwd=ROOT,
        input=json.dumps(dataclasses.asdict(spec)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=spec.seconds + spec.warmup_s + spec.patience_s + 30,
    )
    fields = json.loads(done.stdout)
    statuses = {key: StatusSummary(**value) for key, value in fields.pop("statuses").items()}
    if not statuses:
        raise LoadError(f"no answer from {spec.path} on port {spec.port}")
    return LoadSummary(**fields, statuses=statuses)


def main() -> None:
    """Load as the command line says, or as the specification on standard input does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("url", nargs="?", help=f"http://{LOOPBACK}:PORT/PATH")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rate", type=float, default=None, help="requests/s of an open loop")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--spec", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    try:
        spec = _read_spec() if arguments.spec else _spec_of(arguments)
    except ValueError as error:
        parser.error(str(error))
    print(json.dumps(dataclasses.asdict(_run(spec)), indent=2))


def _read_spec() -> LoadSpec:
    fields = json.load(sys.stdin)
    return LoadSpec(**{**fields, "requests": tuple(fields["requests"])})


def _spec_of(arguments: argparse.Namespace) -> LoadSpec:
    url = urlsplit(arguments.url or "")
    if url.scheme != "http" or url.hostname != LOOPBACK or url.port is None:
        raise ValueError(f"the target is http://{LOOPBACK}:PORT/PATH, and no other machine")
    return LoadSpec(
        port=url.port,
        path=url.path or "/",
        connections=arguments.connections if arguments.rate is None else 2048,
        rate=arguments.rate,
        seconds=arguments.seconds,
    )


def _run(spec: LoadSpec) -> LoadSummary:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = spec.connections + 64
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    # A pause of the collector would be counted as the server's.
    gc.disable()
    try:
        new_event_loop = importlib.import_module("uvloop").new_event_loop
    except ImportError:
        new_event_loop = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(_load(spec))


async def _load(spec: LoadSpec) -> LoadSummary:
    begins = time.perf_counter()
    starts = begins + spec.warmup_s
    record = LoadRecord(starts, starts + spec.seconds)
    cpu_before = time.process_time()
    requests = _requests(spec)
    load: ClosedLoop | OpenLoop
    if spec.rate is None:
        load = ClosedLoop(spec.port, requests, record)
        unanswered = await load.run(spec.connections, spec.patience_s)
    else:
        load = OpenLoop(spec.port, requests, record)
        total_s = spec.warmup_s + spec.seconds
        seed = int.from_bytes(os.urandom(4), "big")
        schedule = (begins + due for due in poisson_schedule(spec.rate, total_s, seed))
        unanswered = await load.run(schedule, spec.connections, spec.patience_s)
    return record.summarise(
        unanswered=unanswered,
        connections=load.opened,
        client_share=(load.cpu_s - cpu_before) / (spec.warmup_s + spec.seconds),
    )


def _requests(spec: LoadSpec) -> Iterator[bytes]:
    if spec.requests:
        return itertools.cycle([request.encode() for request in spec.requests])
    return fresh_seed_requests(spec.path, spec.port)


if __name__ == "__main__":
    main()

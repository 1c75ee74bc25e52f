from __future__ import annotations

import asyncio
import itertools
import json
import re
import subprocess
import sys
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from benchmarks.arrivals import poisson_schedule
from benchmarks.load import ROOT, LoadSpec
from benchmarks.load_loops import ClosedLoop, OpenLoop
from benchmarks.load_record import LoadRecord, LoadSummary
from benchmarks.load_requests import fresh_seed_requests

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Stub(asyncio.Protocol):
    """Answers every request; every third with a broken connection if it `breaks`."""

    breaks = False
    seen = itertools.count(1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        del data
        if self.breaks and next(self.seen) % 3 == 0:
            self.transport.abort()
        else:
            self.transport.write(ANSWER)


class BreakingStub(Stub):
    breaks = True


def run(work: Coroutine[Any, Any, LoadSummary]) -> LoadSummary:
    return asyncio.run(work)


async def load(stub: type[Stub], rate: float | None) -> LoadSummary:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(stub, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    begins = time.perf_counter()
    record = LoadRecord(begins, begins + 0.3)
    requests = fresh_seed_requests("/generate", port)
    if rate is None:
        closed = ClosedLoop(port, requests, record)
        unanswered = await closed.run(4, 5.0)
        opened = closed.opened
    else:
        arrivals = OpenLoop(port, requests, record)
        schedule = (begins + due for due in poisson_schedule(rate, 0.3, 1))
        unanswered = await arrivals.run(schedule, 8, 5.0)
        opened = arrivals.opened
    server.close()
    return record.summarise(unanswered=unanswered, connections=opened, client_share=0.0)


def test_a_closed_loop_hears_as_often_as_it_asks() -> None:
    seen = run(load(Stub, None))
    assert seen.statuses["200"].answers == seen.offered > 4
    assert (seen.connections, seen.errors()) == (4, 0)


def test_an_open_loop_sends_what_is_due_and_no_more() -> None:
    due = len([*poisson_schedule(200, 0.3, 1)])
    seen = run(load(Stub, 200))
    assert seen.statuses["200"].answers == seen.offered == due
    assert seen.errors() == 0
    assert seen.connections <= 8


@pytest.mark.parametrize("rate", [None, 200])
def test_a_broken_connection_is_counted_and_made_again(rate: float | None) -> None:
    seen = run(load(BreakingStub, rate))
    assert seen.lost > 0
    assert seen.unanswered == 0
    assert seen.statuses["200"].answers + seen.lost == seen.offered


def test_every_request_has_a_seed_of_its_own() -> None:
    requests = [*itertools.islice(fresh_seed_requests("/generate", 80), 1000)]
    bodies = [request.split(b"\r\n\r\n")[1] for request in requests]
    assert len({json.loads(body)["seed"] for body in bodies}) == 1000
    lengths = {int(re.search(rb"Content-Length: (\d+)", request)[1]) for request in requests}  # type: ignore[index]
    assert lengths == {len(body) for body in bodies}


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1:80/generate", "http://example.com:80/", "https://127.0.0.1:1/", "x"]
)
def test_no_other_machine_is_loaded(url: str) -> None:
    command = [sys.executable, "-m", "benchmarks.load", url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "127.0.0.1" in done.stderr


@pytest.mark.parametrize(
    "change", [{"seconds": 1e6}, {"connections": 0}, {"connections": 10**6}, {"rate": 1e9}]
)
def test_a_load_is_bounded(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"a (load|rate)"):
        LoadSpec(**{"port": 1, **change})

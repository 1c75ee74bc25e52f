"""`running`: a server in processes of its own, on a free port of 127.0.0.1, that always ends.

Torch's OpenMP threads spin while they wait: a process that were left over would slow whatever
is measured next several times over.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

from benchmarks.connections import LOOPBACK
from benchmarks.process_tree import kill_all, process_tree

ROOT = Path(__file__).parents[1]
_START_LIMIT_S = 120.0
_STOP_LIMIT_S = 15.0
_POLL_S = 0.01


class ServerError(Exception):
    """A server did not start, or did not end; the message holds the end of its log."""


@dataclass(frozen=True)
class Probe:
    """The request whose first 200 says that a server is ready."""

    method: str
    path: str
    body: str = ""


@dataclass(frozen=True)
class Launch:
    """How to start a server. `{port}` in the command is the port it is given."""

    name: str
    command: tuple[str, ...]
    generate_path: str
    probe: Probe
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Server:
    """A server that answers, and how long it took to."""

    name: str
    pid: int
    port: int
    generate_path: str
    ready_s: float


@contextlib.contextmanager
def running(launch: Launch) -> Iterator[Server]:
    """Start a server, wait until it answers, and end it with all its children.

    ServerError if it does not start, or if anything is left of it.
    """
    port = _free_port()
    mark = f"BENCHMARK_SERVER={uuid.uuid4()}"
    command = [part.format(port=port) for part in launch.command]
    with _sigterm_raised(), tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=_environment(launch, mark),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_until_ready(launch, port, process, log)
            ready_s = time.perf_counter() - started
            yield Server(launch.name, process.pid, port, launch.generate_path, ready_s)
        finally:
            _end(launch.name, process, mark)


def _environment(launch: Launch, mark: str) -> dict[str, str]:
    """Pass on what is there but the caller's own settings, so that a run can be repeated."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("GANLOOM_")}
    key, _, value = mark.partition("=")
    return {**inherited, "PYTHONPATH": str(ROOT), **launch.environment, key: value}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(
    launch: Launch, port: int, process: subprocess.Popen[bytes], log: IO[bytes]
) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while not _is_ready(launch.probe, port):
        if process.poll() is not None:
            raise ServerError(f"{launch.name} ended at the start:\n{_tail(log)}")
        if time.monotonic() > deadline:
            raise ServerError(f"{launch.name} is not ready:\n{_tail(log)}")
        time.sleep(_POLL_S)


def _is_ready(probe: Probe, port: int) -> bool:
    # Short, because one that starts may take a connection long before it can answer.
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request(
            probe.method, probe.path, probe.body or None, {"Content-Type": "application/json"}
        )
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tail(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read().decode(errors="replace")[-3000:]


def _end(name: str, process: subprocess.Popen[bytes], mark: str) -> None:
    """Ask once, then kill until nothing bears the mark."""
    known = process_tree(process.pid, mark)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_LIMIT_S)
    left = kill_all(known, process.pid, mark)
    process.wait()
    if left:
        raise ServerError(f"{name} left processes that cannot be killed: {left}")


@contextlib.contextmanager
def _sigterm_raised() -> Iterator[None]:
    """Turn SIGTERM into an exception, or it would end this process and leave the server."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        del frame
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

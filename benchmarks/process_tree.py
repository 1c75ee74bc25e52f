"""The processes that one process has begotten, from /proc: what they hold, and their end."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Process:
    """One process; `begun` tells it from a later one of the same number."""

    pid: int
    parent: int
    session: int
    state: str
    begun: int
    cpu_ticks: int


def processes() -> list[Process]:
    """List all processes of the machine but zombies."""
    found = []
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                found.append(_parse(int(folder.name), (folder / "stat").read_text()))
    return [process for process in found if process.state != "Z"]


def _parse(pid: int, stat: str) -> Process:
    """Read /proc/PID/stat; the name, in brackets, may itself hold brackets and blanks."""
    fields = stat[stat.rindex(")") + 2 :].split()
    return Process(
        pid=pid,
        parent=int(fields[1]),
        session=int(fields[3]),
        state=fields[0],
        begun=int(fields[19]),
        cpu_ticks=int(fields[11]) + int(fields[12]),
    )


def process_tree(root: int, mark: str = "") -> list[Process]:
    """List `root`, its descendants, its session, and all that inherited `mark`.

    A child whose parent has died hangs under another process, and may have left the session:
    `mark` is a text of its environment that finds it all the same.
    """
    everyone = processes()
    pids = {root}
    while True:
        children = {process.pid for process in everyone if process.parent in pids}
        if children <= pids:
            break
        pids |= children
    return [
        process
        for process in everyone
        if process.pid in pids or process.session == root or (mark and _bears(process.pid, mark))
    ]


def _bears(pid: int, mark: str) -> bool:
    try:
        return mark.encode() in (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return False


def resident_bytes(root: int) -> int:
    """Sum the resident memory of `root` and its descendants."""
    total = 0
    for process in process_tree(root):
        with contextlib.suppress(OSError):
            pages = (_PROC / str(process.pid) / "statm").read_text().split()[1]
            total += int(pages) * _PAGE_BYTES
    return total


def kill_all(known: list[Process], root: int, mark: str, patience_s: float = 10.0) -> list[int]:
    """Kill `known` and the tree of `root` until none is left; return the pids that are."""
    deadline = time.monotonic() + patience_s
    while True:
        alive = set(processes())
        left = {process.pid for process in alive if _is_among(process, known)}
        left |= {process.pid for process in process_tree(root, mark)} - {os.getpid()}
        if not left or time.monotonic() > deadline:
            return sorted(left)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _is_among(process: Process, known: list[Process]) -> bool:
    return any(process.pid == other.pid and process.begun == other.begun for other in known)

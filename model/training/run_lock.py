"""`run_lock`: no two processes write one run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from model.training import ranks
from model.training.state import StateError

_LOCK_FILE = "lock"


@contextmanager
def run_lock(run_dir: Path) -> Iterator[None]:
    """Hold the run in this folder, which is made if it is missing; the first rank does so for all.

    StateError if another process works on it. The lock is the kernel's: it ends with the process,
    however that ends.
    """
    if not ranks.is_first():
        yield
        return
    run_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(run_dir / _LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StateError(
            f"another process works on {run_dir}: stop it (Ctrl-C saves, which takes some "
            "seconds), or wait until it is done"
        ) from error
    try:
        yield
    finally:
        lock.release()

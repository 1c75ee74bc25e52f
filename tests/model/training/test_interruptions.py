"""Claims on real training processes that are stopped, and killed, at any moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from model.__main__ import main
from model.training.runs import export_run
from model.training.state import TrainingState

ROOT = Path(__file__).parents[3]
TINY = ["--resolution=16", "--base-channels=2", "--batch-size=8", "--threads=1", "--conditional"]
Process = subprocess.Popen[bytes]
Launch = Callable[..., Process]
FOREVER = ["--images", "100000000", "--save-every", "1000000"]


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Return a starter of `python -m model` processes, none of which outlives the test."""
    started: list[Process] = []

    def start(*arguments: object) -> Process:
        process = subprocess.Popen(
            [sys.executable, "-m", "model", *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def train_command(photos: Path, run: Path) -> list[object]:
    return ["train", "--data", photos, "--out", run, *TINY]


def stop_when_training(process: Process, number: signal.Signals) -> str:
    """Send the signal once losses are shown; return what was printed, after a clean exit."""
    assert process.stderr is not None
    shown = b""
    while b"kimg" not in shown:
        chunk = process.stderr.read1()  # type: ignore[attr-defined]
        assert chunk, shown.decode()
        shown += chunk
    process.send_signal(number)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 0, error.decode()
    assert b"Traceback" not in error
    return out.decode()


def test_sigterm_and_ctrl_c_save_and_exit_0_and_the_run_goes_on_exactly(
    photos: Path, tmp_path: Path, launch: Launch
) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"
    process = launch(*train_command(photos, run), *FOREVER)
    printed = stop_when_training(process, signal.SIGTERM)
    assert "stopped and saved" in printed
    assert f"python -m model resume {run}" in printed
    first = TrainingState.load(run / "state.pt").step
    assert first > 0
    process = launch("resume", run, *FOREVER)
    assert "stopped and saved" in stop_when_training(process, signal.SIGINT)
    second = TrainingState.load(run / "state.pt").step
    assert second > first
    assert main([*map(str, train_command(photos, whole)), "--images", str(second * 8)]) == 0
    digests = [export_run(folder, tmp_path / "out").digest for folder in (run, whole)]
    assert digests[0] == digests[1]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_runs_killed_at_random_moments_end_in_the_same_weights(
    photos: Path, tmp_path: Path, launch: Launch
) -> None:
    steps = 400
    budget = ["--images", str(steps * 8), "--save-every", "0.05", "--sheet-every", "1.5"]
    process = launch(*train_command(photos, tmp_path / "whole"), *budget)
    process.communicate(timeout=600)
    assert process.returncode == 0
    expected = export_run(tmp_path / "whole", tmp_path / "whole.st").digest
    rng = random.Random(20)
    killed_while_training = 0
    for number in range(10):
        run = tmp_path / f"run{number}"
        kills = 2
        while True:
            has_state = (run / "state.pt").exists()
            before = TrainingState.load(run / "state.pt").step if has_state else 0
            start = ["resume", run] if has_state else train_command(photos, run)
            process = launch(*start, *budget)
            if kills:
                kills -= 1
                kill_later(process, run, rng.uniform(0.0, 2.0))
                found = (run / "state.pt").exists() and TrainingState.load(run / "state.pt").step
                killed_while_training += before < found < steps
            else:
                process.communicate(timeout=600)
                assert process.returncode == 0
                break
        assert not list(run.glob("*.partial*"))
        assert TrainingState.load(run / "state.pt").step == steps
        assert export_run(run, tmp_path / f"{number}.st").digest == expected
    # The kills must have fallen where they were meant to.
    assert killed_while_training >= 10


def kill_later(process: Process, run: Path, delay_s: float) -> None:
    """Kill with -9 so long after the process has begun to write, or at a random moment before."""
    began = time.monotonic()
    stamp = newest(run)
    while process.poll() is None and newest(run) == stamp and time.monotonic() < began + 60:
        time.sleep(0.01)
    time.sleep(delay_s)
    process.kill()
    process.communicate(timeout=60)


def newest(run: Path) -> float:
    return max((path.stat().st_mtime for path in run.rglob("*.tfevents*")), default=0.0)

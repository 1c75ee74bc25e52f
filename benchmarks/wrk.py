"""wrk, the load generator in C that costs the machine least, for closed loops."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.connections import LOOPBACK

_HERE = Path(__file__).parent
_MAX_THREADS = 2


class WrkError(Exception):
    """wrk did not do what it was asked for."""


@dataclass(frozen=True)
class WrkSummary:
    """One run. `refused` counts answers of 400 and above, `failed` connections that broke."""

    per_s: float
    p50_ms: float
    p99_ms: float
    failed: int
    refused: int


def find_wrk() -> str | None:
    """Return the program's path, None where it is not installed."""
    return shutil.which("wrk")


def post_fresh_seeds(port: int, path: str, connections: int, seconds: float) -> WrkSummary:
    """POST a seed that no other request has, again and again over each connection."""
    first_seed = str(random.SystemRandom().randrange(10**9, 8 * 10**9))
    return _run(
        f"http://{LOOPBACK}:{port}{path}", "fresh_seeds.lua", first_seed, connections, seconds
    )


def get_conditionally(
    port: int, etags: dict[str, str], connections: int, seconds: float
) -> WrkSummary:
    """GET the paths of `etags` in turn, each with the ETag that it has."""
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.writelines(f"{path}\t{etag}\n" for path, etag in etags.items())
        file.flush()
        return _run(
            f"http://{LOOPBACK}:{port}/", "conditional.lua", file.name, connections, seconds
        )


def _run(url: str, script: str, argument: str, connections: int, seconds: float) -> WrkSummary:
    wrk = find_wrk()
    if wrk is None:
        raise WrkError("wrk is not installed")
    threads = min(connections, _MAX_THREADS)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        for part in (script, "wrk_summary.lua"):
            file.write((_HERE / part).read_text() + "\n")
        file.flush()
        command = [wrk, f"-t{threads}", f"-c{connections}", f"-d{max(round(seconds), 1)}s"]
        command += ["--timeout", "30s", "-s", file.name, url, "--", argument]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=seconds + 60
        )
    lines = [line for line in done.stdout.splitlines() if line.startswith("SUMMARY ")]
    if done.returncode or not lines:
        raise WrkError(done.stderr.strip() or done.stdout.strip())
    return WrkSummary(**json.loads(lines[0].removeprefix("SUMMARY ")))

"""`Bare`: the best bare forward pass, which the servers are compared with."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server import ROOT


@dataclass(frozen=True)
class Bare:
    """Images/s at the best batch, and one image to its PNG in milliseconds."""

    images_per_s: float
    images_path: str
    one_ms: float
    one_path: str


def read_bare(file: Path | None, is_quick: bool) -> Bare:
    """Read what `benchmarks.forward --json` wrote, or run it.

    In a process of its own: torch's threads would stay here and disturb what is measured next.
    """
    if file is not None:
        return _parse(file)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "forward.json"
        command = [sys.executable, "-m", "benchmarks.forward", "--json", str(made)]
        command += ["--quick"] * is_quick
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return _parse(made)


def _parse(file: Path) -> Bare:
    figures = json.loads(file.read_text())["figures"]
    best, one = figures["best"], figures["one"]
    return Bare(
        images_per_s=best["images_per_s"],
        images_path=f"{best['path']}, {best['mode']}, batch {best['batch']}",
        one_ms=one["png_ms"],
        one_path=f"{one['path']}, {one['mode']}",
    )

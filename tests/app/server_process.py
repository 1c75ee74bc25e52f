"""A real `python -m app`, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
LIMIT_S = 60


class Server:
    """One process, and where it listens."""

    def __init__(self, weights: Path, port: int = 0, **variables: str) -> None:
        environment = {**os.environ, "GANLOOM_DEVICE": "cpu", "GANLOOM_LANES": "2", **variables}
        command = [sys.executable, "-m", "app", "--port", str(port), "--weights", str(weights)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        self.log = ""
        for line in self.process.stderr:
            self.log += line
            if found := re.search(r"serving on (http://\S+)", line):
                self.url = found[1]
                return
        raise AssertionError(self.log)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=LIMIT_S)

    def stop(self) -> int:
        """Ask it to stop and return its exit code."""
        self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        _, rest = self.process.communicate(timeout=LIMIT_S)
        self.log += rest
        return self.process.returncode

"""The Python of docs/clients.md, run as it stands against the shipped weights."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.server_process import ROOT, Server

PAGE = (ROOT / "docs" / "clients.md").read_text("utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server(ROOT / "weights", GANLOOM_LANES="1")
    yield server
    assert server.stop() == 0
    assert "Traceback" not in server.log


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 5


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_a_program_of_the_page_runs(server: Server, program: str, tmp_path: Path) -> None:
    host = server.url.removeprefix("http://")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program.replace("127.0.0.1:8000", host)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr

"""What another's tool that makes tests of /openapi.json finds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
LIMIT_S = 1500

pytestmark = pytest.mark.slow


def run(*command: object, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.timeout(LIMIT_S)
def test_schemathesis_finds_nothing_with_all_its_checks(address: str, tmp_path: Path) -> None:
    config = Path(__file__).parent / "schemathesis.toml"
    told = run(
        *(BIN / "schemathesis", "--config-file", config, "run", f"{address}/openapi.json"),
        *("--max-examples", 200, "--seed", 1),
        cwd=tmp_path,
    )
    assert "passed" in told

"""What tools of others make of /openapi.json: tests, and a client."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
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


def test_a_generated_client_gets_an_image(address: str, tmp_path: Path) -> None:
    run(
        *(BIN / "openapi-python-client", "generate", "--url", f"{address}/openapi.json"),
        *("--meta", "none", "--output-path", tmp_path / "generated"),
        cwd=tmp_path,
    )
    program = (
        "from generated import Client\n"
        "from generated.api.openai import create_images_v1_images_generations_post as create\n"
        "from generated.models import ImagesRequest\n"
        f"answer = create.sync(client=Client('{address}'), body=ImagesRequest(prompt='seed 7'))\n"
        "print(answer.data[0].b64_json)\n"
    )
    asked = {"prompt": "seed 7"}
    native = httpx.post(f"{address}/v1/images/generations", json=asked).json()
    assert run(sys.executable, "-c", program, cwd=tmp_path).strip() == native["data"][0]["b64_json"]

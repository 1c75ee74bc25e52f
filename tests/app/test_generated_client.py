"""The client that a public generator makes of /openapi.json, as docs/clients.md says."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.app.server_process import ROOT

BIN = Path(sys.executable).parent
PAGE = (ROOT / "docs" / "clients.md").read_text("utf-8")
LIMIT_S = 100


def run(*command: object, cwd: Path) -> str:
    """Run a tool as if `.venv` were active; returns what it said."""
    path = os.pathsep.join([str(BIN), "/usr/bin", "/bin"])
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-4000:]
    return said


@pytest.fixture(scope="module")
def made(address: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Where the generated client is, and what was said while it was made."""
    folder = tmp_path_factory.mktemp("made")
    config = ROOT / "docs" / "openapi-python-client.yaml"
    said = run(
        *(BIN / "openapi-python-client", "generate", "--url", f"{address}/openapi.json"),
        *("--config", config, "--meta", "none", "--output-path", folder / "ganloom_client"),
        cwd=folder,
    )
    return folder, said


def test_the_command_of_the_page_names_the_configuration() -> None:
    assert "openapi-python-client generate --url" in PAGE
    assert "--config docs/openapi-python-client.yaml" in PAGE


def test_every_operation_is_generated_and_nothing_is_warned_of(
    made: tuple[Path, str], address: str
) -> None:
    folder, said = made
    assert "WARNING" not in said
    described = httpx.get(f"{address}/openapi.json").json()
    names = [each["operationId"] for path in described["paths"].values() for each in path.values()]
    files = (folder / "ganloom_client" / "api").glob("*/*.py")
    assert sorted(names) == sorted(file.stem for file in files if file.stem != "__init__")
    assert len(names) >= 39


PROGRAM = """
import base64, json, sys
from io import BytesIO
from ganloom_client import Client
from ganloom_client.api.images import generate, show_image, verify_picture, walk_between_seeds
from ganloom_client.api.inversion import cancel_job, invert, show_job
from ganloom_client.api.latent_space import explore, list_directions, show_mix
from ganloom_client.api.models import list_models
from ganloom_client.api.open_inference_protocol import infer_version
from ganloom_client.api.openai import create_images
from ganloom_client import models
from ganloom_client.types import File

with Client(sys.argv[1], raise_on_unexpected_status=True) as client:
    body = models.GenerateBody(seed=7, n=2, layout=models.GenerateBodyLayoutType0.ZIP)
    png = show_image.sync(7, models.ShowImageExtension.PNG, client=client, provenance=True)
    file = png.payload.read()
    job = invert.sync(client=client, body=File(BytesIO(file)), steps=2, restarts=1)
    tensor = models.InputTensor("seed", [1, 1], models.InputTensorDatatype.INT64, data=[7])
    gif = models.WalkBetweenSeedsFormatType0.GIF
    told = {
        "zip": generate.sync(client=client, body=body),
        "png": file,
        "gif": walk_between_seeds.sync(client=client, start=1, end=2, steps=3, format_=gif),
        "strip": explore.sync(client=client, seed=7, direction="sefa-1", steps=3),
        "mix": show_mix.sync(client=client, plus=["1,2"], minus=["3"]),
        "models": [model.name for model in list_models.sync(client=client).models],
        "directions": len(list_directions.sync("faces", client=client).directions),
        "verdict": verify_picture.sync(client=client, body=File(BytesIO(file))).verdict,
        "job": [show_job.sync(job.id, client=client).id == job.id, job.state],
        "deleted": cancel_job.sync(job.id, client=client).id == job.id,
        "wrong": show_mix.sync(client=client).errors[0].field,
        "pixels": infer_version.sync(
            "faces", "1", client=client, body=models.InferRequest([tensor])
        ).outputs[0].data,
        "openai": create_images.sync(client=client, body=models.ImagesRequest("seed 7"))
        .data[0].b64_json,
    }

def write(value):
    if isinstance(value, File):
        value = value.payload.read()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value

print(json.dumps({name: write(value) for name, value in told.items()}))
"""


def test_the_client_gets_the_bytes_of_the_service(made: tuple[Path, str], address: str) -> None:
    folder, _ = made
    told = json.loads(run(sys.executable, "-c", PROGRAM, address, cwd=folder))
    with httpx.Client(base_url=address) as http:
        native = {
            "zip": http.post("/generate", json={"seed": 7, "n": 2, "layout": "zip"}),
            "png": http.get("/images/7.png?provenance=true"),
            "gif": http.get("/interpolate?start=1&end=2&steps=3&format=gif"),
            "strip": http.get("/explore?seed=7&direction=sefa-1&steps=3"),
            "mix": http.get("/mix?plus=1,2&minus=3"),
        }
        seed = {"name": "seed", "shape": [1, 1], "datatype": "INT64", "data": [7]}
        inferred = http.post("/v2/models/faces/infer", json={"inputs": [seed]}).json()
        plain = http.get("/images/7.png").content
    for name, answer in native.items():
        assert base64.b64decode(told[name]) == answer.content, name
    assert told["models"] == ["faces", "pets", "signs"]
    assert told["directions"] == 4
    assert told["verdict"] == "identical"
    assert told["job"][0] is True
    assert re.fullmatch("queued|running", told["job"][1])
    assert told["deleted"] is True
    assert told["wrong"] == "plus"
    assert told["pixels"] == inferred["outputs"][0]["data"]
    assert base64.b64decode(told["openai"]) == plain

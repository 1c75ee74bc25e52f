from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from app.main import create_app
from app.settings import Settings

ROOT = Path(__file__).parents[2]


_POSTED = ["400", "404", "408", "413", "415", "429", "500", "503", "504"]
_NAMED = ["200", "404", "503"]
_MODEL = "/v2/models/{name}"
DIALECTS = {
    "/v1/images/generations": ["200", *_POSTED],
    "/v1/models": ["200", "503"],
    "/v1/models/{name}": _NAMED,
    "/v2": ["200"],
    "/v2/health/live": ["200"],
    "/v2/health/ready": ["200", "503"],
    "/v2/repository/index": ["200", "400", "408", "413", "415", "503"],
    "/v2/models/stats": ["200", "503"],
    **{
        f"{_MODEL}{version}{what}": ["200", *_POSTED] if what == "/infer" else _NAMED
        for version in ("", "/versions/{version}")
        for what in ("", "/ready", "/config", "/stats", "/infer")
    },
}


@pytest.fixture
def openapi(settings: Settings) -> dict[str, Any]:
    return create_app(settings).openapi()


def test_importing_the_app_has_no_effect_and_brings_no_training() -> None:
    program = (
        "import sys, threading, app.main, app.__main__\n"
        "assert not [m for m in sys.modules if m.startswith('model.training')]\n"
        "assert threading.active_count() == 1\n"
    )
    environment = {**os.environ, "GANLOOM_LANES": "not a number"}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True)


def test_every_answer_is_documented(openapi: dict[str, Any]) -> None:
    found = {
        path: sorted(operation["responses"])
        for path, methods in openapi["paths"].items()
        for operation in methods.values()
    }
    render = ["200", "404", "422", "429", "500", "503", "504"]
    expected = {
        "/generate": sorted([*render, "406", "408", "413", "415"]),
        "/interpolate": sorted([*render, "304", "406"]),
        "/explore": sorted([*render, "304", "406"]),
        "/mix": sorted([*render, "304", "406"]),
        "/images/{seed}.{extension}": sorted([*render, "304"]),
        "/avatar/{text}.{extension}": sorted([*render, "304"]),
        "/avatar.{extension}": sorted([*render, "304"]),
        "/verify": sorted([*render, "408", "413", "415"]),
        "/latents/{seed}": ["200", "304", "404", "422", "503"],
        "/invert": ["202", "404", "408", "413", "415", "422", "429", "500", "503"],
        "/jobs/{job_id}": ["200", "404", "410", "422", "503"],
        "/jobs/{job_id}/events": ["200", "404", "410", "422", "503"],
        "/jobs/{job_id}/result.png": sorted([*render, "409", "410"]),
        "/models": ["200", "422", "503"],
        "/models/{name}": ["200", "404", "422", "503"],
        "/models/{name}/directions": ["200", "404", "422", "503"],
        "/models/{name}/neighbours": ["200", "404", "408", "413", "415", "422", "503"],
        "/livez": ["200"],
        "/readyz": ["200", "503"],
        "/metrics": ["200"],
        **DIALECTS,
    }
    # The server itself answers 400 on any of them, to what is no HTTP.
    assert found == {path: sorted({*said, "400"}) for path, said in expected.items()}


def test_every_media_type_is_documented(openapi: dict[str, Any]) -> None:
    def types(path: str, method: str) -> set[str]:
        return set(openapi["paths"][path][method]["responses"]["200"]["content"])

    stills = {"image/png", "image/jpeg", "image/webp"}
    assert types("/generate", "post") == stills | {
        *("application/zip", "multipart/mixed", "application/json"),
    }
    assert types("/images/{seed}.{extension}", "get") == stills
    assert types("/interpolate", "get") == {
        *("image/png", "image/gif", "image/apng", "image/webp", "application/zip"),
        *("video/mp4", "video/webm"),
    }


def test_the_document_is_valid_openapi(openapi: dict[str, Any]) -> None:
    validate(openapi)


def test_every_reference_of_the_document_resolves(openapi: dict[str, Any]) -> None:
    def references(node: object) -> set[str]:
        if isinstance(node, dict):
            own = {str(node["$ref"])} if "$ref" in node else set()
            return own.union(*(references(value) for value in node.values()))
        if isinstance(node, list):
            return set().union(*(references(value) for value in node))
        return set()

    schemas = openapi["components"]["schemas"]
    missing = {ref for ref in references(openapi) if ref.rsplit("/", 1)[1] not in schemas}
    assert not missing
    assert "Problem" in schemas
    assert "HTTPValidationError" not in schemas


@pytest.mark.anyio
async def test_a_bad_checkpoint_stops_the_start(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "bad.safetensors").write_bytes(b"no")
    app = create_app(settings.model_copy(update={"weights": tmp_path}))
    with pytest.raises(ValueError, match=r"bad\.safetensors"):
        async with app.router.lifespan_context(app):
            pass


@pytest.mark.anyio
async def test_an_app_can_be_stopped_and_a_new_one_gives_the_same_bytes(
    settings: Settings,
) -> None:
    seen = set()
    for _ in range(2):
        app = create_app(settings)
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://ganloom") as client,
        ):
            answer = await client.get("/images/7.png")
            seen.add((answer.content, answer.headers["etag"]))
    assert len(seen) == 1

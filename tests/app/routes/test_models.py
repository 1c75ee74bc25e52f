from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.anyio


async def test_models_lists_everything_that_is_served(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/models")).json()
    assert [model["name"] for model in listed["models"]] == ["faces", "pets", "signs"]
    assert listed["default"] == "faces"
    assert [model["is_default"] for model in listed["models"]] == [True, False, False]


async def test_a_model_tells_what_it_is_and_where_it_comes_from(
    client: httpx.AsyncClient, weights: Path
) -> None:
    model = (await client.get("/models/pets")).json()
    content = (weights / "pets.safetensors").read_bytes()
    assert model["digest"] == hashlib.sha256(content).hexdigest()
    assert model["spec"]["num_classes"] == 3
    assert model["class_names"] == ["cat", "dog", "7"]
    assert model["provenance"]["licence"] == "CC0-1.0"
    assert model["provenance"]["scores"]["fid"] is None  # not a number, so not in JSON
    assert model["golden_verdict"] == "exact"
    assert model["batch_shapes"][0] == 1
    assert model["lanes"] == 1
    assert (model["precision"], model["psnr_db"]) == ("float32", None)
    assert model["limits"]["max_images"] == 256
    assert model["is_ready"] is True


async def test_an_unknown_model_is_a_404(client: httpx.AsyncClient) -> None:
    answer = await client.get("/models/nobody")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", path) for path in ("/models", "/models/pets", "/models/pets/directions")),
        ("POST", "/models/pets/neighbours"),
        *(("GET", "/jobs/x"), ("DELETE", "/jobs/x"), ("GET", "/jobs/x/events")),
    ],
)
async def test_a_parameter_that_there_is_not_is_refused_instead_of_ignored(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    body = {"seed": 7} if method == "POST" else None
    answer = await client.request(method, f"{path}?x=1&y=2", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["x", "y"]
    assert "takes no query" in answer.json()["detail"]

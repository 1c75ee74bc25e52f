from __future__ import annotations

import httpx
import numpy as np
import pytest

from model.checkpoint import Checkpoint

pytestmark = pytest.mark.anyio


async def test_every_direction_of_the_checkpoint_is_listed(
    client: httpx.AsyncClient, checkpoints: dict[str, Checkpoint]
) -> None:
    answer = await client.get("/models/faces/directions")
    listed = answer.json()
    assert listed["model"] == "faces"
    assert [item["name"] for item in listed["directions"]] == list(
        checkpoints["faces"].directions.names
    )
    assert listed["directions"][0] | {"strength": 3.0} == {
        "name": "sefa-1",
        "kind": "sefa",
        "order": 1,
        "strength": 3.0,
        "scores": {},
        "leaks": {},
    }


async def test_an_unknown_model_has_no_directions(client: httpx.AsyncClient) -> None:
    answer = await client.get("/models/nobody/directions")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_listed_direction_is_a_row_that_latents_can_use(
    client: httpx.AsyncClient, checkpoints: dict[str, Checkpoint]
) -> None:
    """The tensor in the file is what an edit adds: the two ways give the same bytes."""
    vector = checkpoints["faces"].directions.vector("pca-2").astype(np.float64)
    row = (2.5 * vector).astype(np.float32).tolist()
    direct = await client.post("/generate", json={"latents": [row]})
    edited = await client.post("/generate", json={"latents": [[0.0] * 8], "edits": {"pca-2": 2.5}})
    assert edited.status_code == 200
    assert edited.content == direct.content

from __future__ import annotations

import httpx
import numpy as np
import pytest

from model.latents import sample_latents
from model.neighbours import nearest_seeds
from model.spec import GeneratorSpec

pytestmark = pytest.mark.anyio

PATH = "/models/faces/neighbours"


async def test_a_seeds_nearest_neighbour_is_itself(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, json={"seed": 7, "count": 3, "among": 50})
    first, *others = answer.json()["neighbours"]
    assert first == {"seed": 7, "distance": 0.0, "cosine": 1.0}
    assert len(others) == 2
    assert all(other["distance"] > 0 and other["cosine"] < 1 for other in others)


async def test_a_seed_and_its_latent_have_the_same_neighbours(client: httpx.AsyncClient) -> None:
    z = sample_latents(GeneratorSpec("dcgan", 16, z_dim=8), [123456]).z[0]
    by_seed = await client.post(PATH, json={"seed": 123456, "among": 3000})
    by_latent = await client.post(PATH, json={"latent": z.tolist(), "among": 3000})
    assert by_seed.json() == by_latent.json()


async def test_no_other_seed_is_nearer() -> None:
    spec = GeneratorSpec("dcgan", 16, z_dim=8)
    z = np.full(8, 0.5, np.float32)
    found = nearest_seeds(spec, z, 5, 2000)
    rows = sample_latents(spec, range(2000)).z.astype(np.float64)
    distances = np.linalg.norm(rows - z, axis=1)
    assert [item.seed for item in found] == np.argsort(distances)[:5].tolist()
    cosines = rows @ z / np.linalg.norm(rows, axis=1) / np.linalg.norm(z)
    for item in found:
        assert np.isclose(item.distance, distances[item.seed])
        assert np.isclose(item.cosine, cosines[item.seed], atol=1e-6)


async def test_classes_do_not_matter(client: httpx.AsyncClient) -> None:
    answer = await client.post("/models/pets/neighbours", json={"seed": 4, "count": 1})
    assert answer.json()["neighbours"][0]["seed"] == 4


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "body"),
        ({"seed": 1, "latent": [0.0] * 8}, 422, "body"),
        ({"seed": -1}, 422, "seed"),
        ({"latent": [0.0] * 7}, 422, "latent"),
        ({"latent": [99.0] * 8}, 422, "latent"),
        ({"seed": 1, "count": 257}, 422, "count"),
        ({"seed": 1, "among": 10_001}, 422, "among"),
    ],
)
async def test_what_is_wrong_is_named(
    client: httpx.AsyncClient, body: object, status: int, field: str
) -> None:
    answer = await client.post(PATH, json=body)
    assert answer.status_code == status
    assert [item["field"] for item in answer.json()["errors"]] == [field]


async def test_an_unknown_model_has_no_neighbours(client: httpx.AsyncClient) -> None:
    assert (await client.post("/models/nobody/neighbours", json={"seed": 1})).status_code == 404

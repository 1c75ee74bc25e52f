from __future__ import annotations

import io
import zipfile
from typing import Any

import httpx
import numpy as np
import pytest

from model.checkpoint import Checkpoint
from model.latents import sample_latents

pytestmark = pytest.mark.anyio

TERMS: list[dict[str, Any]] = [
    {"seeds": [1, 2, 3]},
    {"seeds": [4, 5, 6], "weight": -1},
    {"seeds": [7, 8, 9]},
]


async def test_the_papers_arithmetic_is_that_of_the_mean_latents(
    client: httpx.AsyncClient, checkpoints: dict[str, Checkpoint]
) -> None:
    z = sample_latents(checkpoints["faces"].spec, range(1, 10)).z.astype(np.float64)
    total = z[:3].mean(axis=0) - z[3:6].mean(axis=0) + z[6:].mean(axis=0)
    row = (total * np.sqrt(8) / np.linalg.norm(total)).astype(np.float32)
    by_hand = await client.post("/generate", json={"latents": [row.tolist()]})
    mixed = await client.post("/generate", json={"mixes": [{"terms": TERMS}]})
    assert mixed.status_code == 200
    assert mixed.content == by_hand.content
    assert mixed.headers["x-ganloom-seeds"] == "none"


async def test_by_url_and_by_body_it_is_the_same_image(client: httpx.AsyncClient) -> None:
    by_body = await client.post("/generate", json={"mixes": [{"terms": TERMS}]})
    by_url = await client.get("/mix?plus=1,2,3&minus=4,5,6&plus=7,8,9")
    assert by_url.content == by_body.content


async def test_the_order_of_terms_and_seeds_moves_neither_etag_nor_bytes(
    client: httpx.AsyncClient,
) -> None:
    first = await client.get("/mix?plus=1,2,3&minus=4,5,6&plus=7,8,9")
    second = await client.get("/mix?minus=6,5,4&plus=9,7,8&plus=3,1,2")
    assert (first.headers["etag"], first.content) == (second.headers["etag"], second.content)
    again = await client.get(str(first.url), headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for other in ("plus=1,2,3&minus=4,5&plus=7,8,9", "plus=1,2,3&plus=4,5,6&plus=7,8,9"):
        assert (await client.head(f"/mix?{other}")).headers["etag"] != first.headers["etag"]


async def test_one_seed_without_rescaling_is_its_own_image(client: httpx.AsyncClient) -> None:
    still = await client.get("/images/7.png")
    assert (await client.get("/mix?plus=7&rescale=false")).content == still.content
    assert (await client.get("/mix?plus=7")).content != still.content


async def test_a_sum_of_nothing_is_the_average_image(client: httpx.AsyncClient) -> None:
    nothing = await client.get("/mix?plus=7&minus=7")
    assert nothing.content == (await client.get("/images/7.png?truncation=0")).content


async def test_latents_and_directions_are_terms_too(
    client: httpx.AsyncClient, checkpoints: dict[str, Checkpoint]
) -> None:
    terms = [{"latent": [0.5] * 8, "weight": 2}, {"direction": "sefa-1", "weight": 1.5}]
    body = {"mixes": [{"terms": terms, "rescale": False}]}
    vector = checkpoints["faces"].directions.vector("sefa-1").astype(np.float64)
    row = (1.0 + 1.5 * vector).astype(np.float32).tolist()
    mixed = await client.post("/generate", json=body)
    assert mixed.content == (await client.post("/generate", json={"latents": [row]})).content


async def test_each_mix_is_an_image_and_may_be_edited(client: httpx.AsyncClient) -> None:
    mixes = [{"terms": [{"seeds": [seed]}], "rescale": False} for seed in (3, 4)]
    body = {"mixes": mixes, "layout": "zip", "edits": {"sefa-1": 1}}
    answer = await client.post("/generate", json=body)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["mix-000.png", "mix-001.png"]
        second = archive.read("mix-001.png")
    assert (await client.get("/images/4.png?edits=sefa-1:1")).content == second


async def test_mixes_of_a_conditional_model_need_a_label(client: httpx.AsyncClient) -> None:
    body = {"model": "pets", "mixes": [{"terms": [{"seeds": [3]}], "rescale": False}]}
    refused = await client.post("/generate", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "label")
    mixed = await client.post("/generate", json={**body, "label": "dog"})
    assert mixed.content == (await client.get("/images/3.png?model=pets&label=dog")).content


@pytest.mark.parametrize(
    ("mix", "field"),
    [
        ({"terms": []}, "mixes.0.terms"),
        ({"terms": [{}]}, "mixes.0.terms.0"),
        ({"terms": [{"seeds": []}]}, "mixes.0.terms.0.seeds"),
        ({"terms": [{"seeds": [-1]}]}, "mixes.0.terms.0.seeds.0"),
        ({"terms": [{"seeds": [2**53]}]}, "mixes.0.terms.0.seeds.0"),
        ({"terms": [{"seeds": [1], "direction": "sefa-1"}]}, "mixes.0.terms.0"),
        ({"terms": [{"seeds": [1], "weight": 21}]}, "mixes.0.terms.0.weight"),
        ({"terms": [{"latent": [0.0] * 7}]}, "mixes.0.terms.0"),
        ({"terms": [{"latent": [11.0] * 8}]}, "mixes.0.terms.0"),
        ({"terms": [{"seeds": [1]}, {"direction": "hat"}]}, "mixes.0.terms.1.direction"),
        ({"terms": [{"seeds": [1]}] * 33}, "mixes.0.terms"),
        ({"terms": [{"seeds": [1] * 4000}] * 2}, "mixes"),
        ({"terms": [{"seeds": [1]}], "expression": "1+2"}, "mixes.0.expression"),
        ("1+2", "mixes.0"),
    ],
)
async def test_what_is_wrong_with_a_mix_is_named(
    client: httpx.AsyncClient, mix: object, field: str
) -> None:
    answer = await client.post("/generate", json={"mixes": [mix]})
    assert answer.status_code == 422
    assert [item["field"] for item in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "plus"),
        ("plus=", "plus.0"),
        ("plus=01", "plus.0"),
        ("plus=1,,2", "plus.0"),
        ("minus=9999999999999999", "minus"),
        ("plus=1&weight=2", "weight"),
        ("plus=1&edits=hat:1", "edits"),
        ("&".join(["plus=1"] * 33), "plus"),
    ],
)
async def test_what_is_wrong_with_a_query_is_named(
    client: httpx.AsyncClient, query: str, field: str
) -> None:
    answer = await client.get(f"/mix?{query}")
    assert answer.status_code == 422
    assert [item["field"] for item in answer.json()["errors"]] == [field]


async def test_mixes_go_with_no_other_source(client: httpx.AsyncClient) -> None:
    body = {"seed": 1, "mixes": [{"terms": [{"seeds": [1]}]}]}
    answer = await client.post("/generate", json=body)
    assert answer.json()["errors"][0]["field"] == "mixes"

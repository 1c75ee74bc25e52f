"""Claims on `diverse`."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import numpy as np
import pytest

from app.routes.responses import summarize_seeds
from model.inference import InferenceEngine
from model.latents import sample_latents
from model.spreading import spread_out

pytestmark = pytest.mark.anyio


async def test_the_seeds_that_differ_most_are_rendered_and_told(
    client: httpx.AsyncClient, engine_of: Callable[[str], InferenceEngine]
) -> None:
    body = {"seed": 5, "n": 4, "diverse": True, "layout": "json"}
    answer = await client.post("/generate", json=body)
    engine = engine_of("faces")
    alone = sample_latents(engine.spec, range(5, 21)).split(1)
    pixels = np.concatenate([engine.generate_pixels(row) for row in alone])
    expected = [5 + index for index in spread_out(pixels, 4)]
    assert [image["seed"] for image in answer.json()["images"]] == expected
    assert answer.headers["x-ganloom-seeds"] == summarize_seeds(expected)
    plain = await client.post("/generate", json={"seeds": expected, "layout": "json"})
    assert plain.content == answer.content


async def test_the_choice_is_the_same_again_and_keeps_to_the_class(
    client: httpx.AsyncClient,
) -> None:
    body = {"seed": 1, "n": 3, "diverse": True, "model": "pets", "label": "dog", "layout": "json"}
    answers = [await client.post("/generate", json=body) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert {image["label"] for image in answers[0].json()["images"]} == {1}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"seeds": [1, 2]}, "diverse"),
        ({"latents": [[0] * 8]}, "diverse"),
        ({"seed": 1, "n": 65}, "n"),
        ({"seed": 2**53 - 2, "n": 1}, "seed"),
        ({"diverse": "yes"}, "diverse"),
    ],
)
async def test_what_cannot_be_spread_is_named(
    client: httpx.AsyncClient, body: dict[str, object], field: str
) -> None:
    answer = await client.post("/generate", json={"diverse": True, **body})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]

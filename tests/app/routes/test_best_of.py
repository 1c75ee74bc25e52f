"""Claims on `best_of`: who wins, that it depends on nothing else, and what is refused."""

from __future__ import annotations

import asyncio
import base64
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from app.lanes import LocalLane
from app.routes.responses import summarize_seeds
from model.__main__ import main
from model.candidates import candidate_seeds
from model.checkpoint import read_checkpoint
from model.inference import InferenceEngine
from model.latents import sample_latents, truncate

pytestmark = pytest.mark.anyio

LogitOf = Callable[..., float]

NO_COUNTS: list[object] = [0, -1, 1.5, "2", True, None, [], 2**70]
REFUSED: list[tuple[dict[str, object], str]] = [
    ({"model": "signs", "seed": 1}, "--with-discriminator"),
    ({"latents": [[0] * 8]}, "seeds"),
    ({"mixes": [{"terms": [{"seeds": [1]}]}]}, "seeds"),
    ({"seed": 1, "n": 2, "diverse": True}, "not together with diverse"),
    ({"seed": 1, "best_of": 17}, "at most 16"),
    ({"seed": 1, "n": 65, "best_of": 4}, "65 from 260 images; at most 256"),
    ({"seeds": [1] * 17, "best_of": 16}, "17 from 272 images; at most 256"),
    *[({"seed": 1, "best_of": value}, "") for value in NO_COUNTS],
]


@pytest.fixture(scope="module")
def logit_of(weights: Path, engine_of: Callable[[str], InferenceEngine]) -> LogitOf:
    """Return what judges the image of a seed, with nothing but the checkpoint's file."""

    def judge(name: str, seed: int, label: int | None = None, psi: float = 1.0) -> float:
        checkpoint = read_checkpoint(weights / f"{name}.safetensors")
        latents = truncate(sample_latents(checkpoint.spec, [seed], label), psi)
        pixels = engine_of(name).generate_pixels(latents).transpose(0, 3, 1, 2)
        assert checkpoint.discriminator is not None
        discriminator = checkpoint.discriminator.load(checkpoint.spec)
        labels = None if latents.labels is None else torch.from_numpy(latents.labels)
        return float(discriminator(torch.from_numpy(pixels.copy()).float() / 127.5 - 1, labels))

    return judge


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes any rendering from then on an error."""

    def refuse(*_: object) -> None:
        raise AssertionError("something was rendered")

    return lambda: monkeypatch.setattr(LocalLane, "render", refuse)


async def generate(client: httpx.AsyncClient, **body: Any) -> httpx.Response:
    answer = await client.post("/generate", json={"layout": "json", **body})
    assert answer.status_code == 200, answer.text
    return answer


async def winners_of(client: httpx.AsyncClient, **body: Any) -> list[int]:
    return [image["seed"] for image in (await generate(client, **body)).json()["images"]]


def decode(file: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(file)))


@pytest.mark.parametrize(
    ("body", "name", "label", "psi"),
    [
        ({"seed": 5, "n": 12, "best_of": 4}, "faces", None, 1.0),
        ({"seeds": [9, 2**53 - 1, 0, 9], "best_of": 16, "truncation": 0.5}, "faces", None, 0.5),
        ({"seed": 1, "n": 6, "best_of": 5, "model": "pets", "label": "dog"}, "pets", 1, 1.0),
        ({"seed": 1, "n": 6, "best_of": 5, "model": "pets"}, "pets", None, 1.0),
    ],
    ids=["n", "seeds", "class", "own classes"],
)
async def test_the_candidate_with_the_highest_logit_wins(
    client: httpx.AsyncClient,
    logit_of: LogitOf,
    body: dict[str, Any],
    name: str,
    label: int | None,
    psi: float,
) -> None:
    seeds = body.get("seeds") or range(body["seed"], body["seed"] + body["n"])
    expected = []
    for seed in seeds:
        candidates = candidate_seeds(seed, body["best_of"])
        logits = [logit_of(name, candidate, label, psi) for candidate in candidates]
        expected.append(candidates[logits.index(max(logits))])
    assert await winners_of(client, **body) == expected
    assert expected != list(seeds)


async def test_the_winners_are_told_and_their_plain_images_are_the_same(
    client: httpx.AsyncClient,
) -> None:
    asked = {"seeds": [3, 3, 8], "best_of": 6, "truncation": 0.8, "edits": {"sefa-1": 2}}
    answer = await generate(client, **asked)
    images = answer.json()["images"]
    winners = [image["seed"] for image in images]
    assert answer.headers["x-ganloom-seeds"] == summarize_seeds(winners)
    plain = {**asked, "seeds": winners, "best_of": 1}
    assert answer.content == (await generate(client, **plain)).content
    for layout in ("grid", "zip", "multipart"):
        best, same = [await generate(client, **body, layout=layout) for body in (asked, plain)]
        if layout == "multipart":  # whose boundary may differ
            assert best.content.count(b"\x89PNG") == 3
            assert f"seed-{winners[2]}.png".encode() in best.content
        else:
            assert best.content == same.content
    with zipfile.ZipFile(io.BytesIO((await generate(client, **asked, layout="zip")).content)) as z:
        first, _, last = winners
        assert z.namelist() == [f"seed-{first}.png", f"seed-{first}-2.png", f"seed-{last}.png"]
    for image in images:
        url = f"/images/{image['seed']}.png?truncation=0.8&edits=sefa-1:2"
        assert (await client.get(url)).content == base64.b64decode(image["data"])


@pytest.mark.parametrize("extension", ["png", "webp", "jpg"])
async def test_the_answer_is_the_same_alone_in_a_batch_and_under_load(
    client: httpx.AsyncClient, extension: str
) -> None:
    image_format = "jpeg" if extension == "jpg" else extension
    asked = {"seed": 20, "n": 9, "best_of": 4, "format": image_format}
    others = [client.get(f"/images/{seed}.png?best_of=3") for seed in range(9)]
    batch, *_ = await asyncio.gather(generate(client, **asked), *others)
    for seed, image in zip(range(20, 29), batch.json()["images"], strict=True):
        alone = await client.get(f"/images/{seed}.{extension}?best_of=4")
        assert alone.headers["x-ganloom-seeds"] == str(image["seed"])
        assert alone.content == base64.b64decode(image["data"])


async def test_every_format_has_the_same_winner(client: httpx.AsyncClient) -> None:
    urls = [f"/images/11.{extension}?best_of=8" for extension in ("png", "webp", "jpg")]
    answers = [await client.get(url) for url in urls]
    assert len({answer.headers["x-ganloom-seeds"] for answer in answers}) == 1
    assert np.array_equal(decode(answers[0].content), decode(answers[1].content))


async def test_best_of_one_is_the_plain_image_with_its_etag(client: httpx.AsyncClient) -> None:
    plain, one = [await client.get(f"/images/7.png{query}") for query in ("", "?best_of=1")]
    assert (one.content, one.headers["etag"]) == (plain.content, plain.headers["etag"])
    assert one.headers["x-ganloom-seeds"] == "7"
    latents = {"latents": [[0.5] * 8]}
    same = await generate(client, **latents, best_of=1)  # as good as not said
    assert same.content == (await generate(client, **latents)).content


async def test_more_candidates_are_never_judged_worse(
    client: httpx.AsyncClient, logit_of: LogitOf
) -> None:
    counts = (1, 2, 3, 8, 16)
    found = [await winners_of(client, seed=0, n=8, best_of=count) for count in counts]
    logits = [[logit_of("faces", seed) for seed in of_seed] for of_seed in zip(*found, strict=True)]
    assert logits == [sorted(of_seed) for of_seed in logits]
    assert all(of_seed[0] < of_seed[-1] for of_seed in logits[1:3])


async def test_the_command_line_chooses_the_same(
    client: httpx.AsyncClient, weights: Path, tmp_path: Path
) -> None:
    path = ["--device", "cpu", "--precision", "float32", "--out", str(tmp_path / "best")]
    asked = ["--seeds", "3,9-12", "--best-of", "7", "--label", "dog", "--edits", "sefa-2:1.5"]
    file = weights / "pets.safetensors"
    assert await asyncio.to_thread(main, ["sample", str(file), *path, *asked]) == 0
    files = {item.stem: item.read_bytes() for item in (tmp_path / "best").iterdir()}
    query = "model=pets&label=dog&edits=sefa-2:1.5&best_of=7"
    answers = [await client.get(f"/images/{seed}.png?{query}") for seed in (3, 9, 10, 11, 12)]
    assert files == {answer.headers["x-ganloom-seeds"]: answer.content for answer in answers}


async def test_a_random_seed_is_told_by_its_winner(client: httpx.AsyncClient) -> None:
    answer = await client.post("/generate", json={"best_of": 2})
    seed = int(answer.headers["x-ganloom-seeds"])
    assert (await client.get(f"/images/{seed}.png")).content == answer.content


async def test_a_file_claims_the_seed_that_won(client: httpx.AsyncClient) -> None:
    answer = await client.get("/images/7.png?best_of=8&provenance=true")
    verdict = (await client.post("/verify", content=answer.content)).json()
    assert verdict["verdict"] == "identical"
    asked = await client.post(
        f"/verify?seed={answer.headers['x-ganloom-seeds']}", content=answer.content
    )
    assert asked.json()["verdict"] == "identical"


async def test_a_known_etag_and_head_are_answered_without_work_or_winner(
    client: httpx.AsyncClient, no_work: Callable[[], None]
) -> None:
    full = await client.get("/images/7.png?best_of=5")
    no_work()
    assert (await client.get("/images/8.png?best_of=5")).status_code == 500
    match = {"If-None-Match": full.headers["etag"]}
    known = await client.get("/images/7.png?best_of=5", headers=match)
    head = await client.head("/images/7.png?best_of=5")
    assert (known.status_code, known.content) == (304, b"")
    assert (head.status_code, head.content) == (200, b"")
    for answer in (known, head):
        assert answer.headers["etag"] == full.headers["etag"]
        assert "x-ganloom-seeds" not in answer.headers


async def test_the_number_of_candidates_is_part_of_the_etag(client: httpx.AsyncClient) -> None:
    urls = [f"/images/7.png?best_of={count}" for count in range(1, 17)] + [
        "/images/8.png?best_of=2"
    ]
    etags = {(await client.head(url)).headers["etag"] for url in urls}
    assert len(etags) == len(urls)


async def test_the_processor_that_judges_is_part_of_the_etag(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = ["/images/7.png", "/images/7.png?best_of=2"]
    before = [(await client.head(url)).headers["etag"] for url in urls]
    monkeypatch.setattr("app.render_plan.judging_path", lambda: "another")
    after = [(await client.head(url)).headers["etag"] for url in urls]
    assert after[0] == before[0]
    assert after[1] != before[1]


@pytest.mark.parametrize(("body", "words"), REFUSED)
async def test_what_has_no_best_is_refused_and_named(
    client: httpx.AsyncClient, body: dict[str, object], words: str
) -> None:
    answer = await client.post("/generate", json={"best_of": 2, **body})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error["field"] == "best_of"
    assert words in error["detail"]


@pytest.mark.parametrize("value", ["", "0", "-1", "17", "+2", "02", "2.0", "x", "nan", "9" * 5000])
async def test_a_url_that_asks_for_no_number_of_candidates_is_refused_and_named(
    client: httpx.AsyncClient, value: str
) -> None:
    answer = await client.get(f"/images/7.png?best_of={value}")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["best_of"]


async def test_a_url_of_a_model_without_a_discriminator_says_how_to_get_one(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/images/7.png?best_of=2&model=signs")
    assert answer.status_code == 422
    assert "--with-discriminator" in answer.json()["detail"]
    assert (await client.get("/images/7.png?best_of=1&model=signs")).status_code == 200


async def test_a_latent_has_no_best(client: httpx.AsyncClient) -> None:
    answer = await client.get("/latents/7?best_of=2")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["best_of"]


async def test_models_say_whether_it_can_be_had(client: httpx.AsyncClient) -> None:
    models = (await client.get("/models")).json()["models"]
    offers = {model["name"]: model["offers_best_of"] for model in models}
    assert offers == {"faces": True, "pets": True, "signs": False}
    assert {model["limits"]["max_best_of"] for model in models} == {16}


async def test_it_is_described_for_other_programs(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    body = described["components"]["schemas"]["GenerateBody"]["properties"]["best_of"]
    image = described["paths"]["/images/{seed}.{extension}"]["get"]
    (query,) = [item for item in image["parameters"] if item["name"] == "best_of"]
    for schema in (body, query["schema"]):
        assert (schema["type"], schema["minimum"], schema["default"]) == ("integer", 1, 1)
    assert "422" in image["responses"]
    latent = described["paths"]["/latents/{seed}"]["get"]
    assert "best_of" not in [item["name"] for item in latent["parameters"]]

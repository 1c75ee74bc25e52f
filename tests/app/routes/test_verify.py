"""Claims on POST /verify, on files as the service itself sends them."""

from __future__ import annotations

import base64
import io
import zipfile
import zlib

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.app.conftest import ClientFactory

pytestmark = pytest.mark.anyio

FILES = [
    "/images/7.png?provenance=true",
    "/images/7.jpg?provenance=true",
    "/images/7.webp?provenance=true",
    "/images/7.png?provenance=true&truncation=0.25",
    "/images/7.png?provenance=true&model=pets",
    "/images/7.webp?provenance=true&model=pets&label=dog",
    "/images/7.jpg?provenance=true&model=signs",
    "/interpolate?seeds=4,5,6&steps=7&provenance=true&easing=ease-out&method=lerp",
    "/interpolate?seeds=4,5&steps=3&provenance=true&model=pets",
    *[f"/images/7.{kind}?provenance=true&edits=sefa-1:1.5,pca-2:-2" for kind in ("png", "webp")],
    "/images/7.png?provenance=true&edits=sefa-1:20,sefa-2:20",
    "/mix?plus=1,2&minus=3&edits=sefa-1:20&provenance=true",
    "/images/7.jpg?provenance=true&edits=sefa-1:0.3333&model=pets&truncation=0.5",
    "/interpolate?seeds=4,5&steps=3&provenance=true&edits=pca-1:2",
    "/explore?seed=7&direction=sefa-1&provenance=true",
    "/explore?seed=7&direction=sefa-1&through=0,2,-1&steps=5&easing=ease-in&provenance=true",
    "/explore?seed=7&direction=pca-1&from=-1&to=0.5&steps=4&edits=pca-1:1&provenance=true",
]


async def verify(client: httpx.AsyncClient, file: bytes, query: str = "") -> dict[str, object]:
    answer = await client.post(f"/verify{query}", content=file)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    document: dict[str, object] = answer.json()
    return document


@pytest.mark.parametrize("path", FILES)
async def test_a_file_of_this_service_is_identical(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    verdict = await verify(client, answer.content)
    assert verdict["verdict"] == "identical", verdict
    assert verdict["digest"] == answer.headers["x-ganloom-digest"]
    assert verdict["is_same_numeric_path"] is True


@pytest.mark.parametrize(
    "body",
    [
        {"seed": 3, "n": 5},
        {"seeds": [9, 9, 1], "model": "pets"},
        {"seed": 3, "n": 5, "edits": {"sefa-1": 1.5, "pca-2": -2}},
    ],
)
async def test_a_sheet_is_identical(client: httpx.AsyncClient, body: dict[str, object]) -> None:
    answer = await client.post("/generate", json={**body, "provenance": True})
    assert (await verify(client, answer.content))["verdict"] == "identical"


async def test_each_file_of_an_archive_is_identical(client: httpx.AsyncClient) -> None:
    walk = "/interpolate?start=1&end=2&steps=3&format=zip&provenance=true&model=pets&truncation=0.5"
    latents = {"latents": [[1.0] * 8, [0.5] * 8], "layout": "zip", "provenance": True}
    seeds = {"seeds": [4, 4], "layout": "zip", "provenance": True, "truncation": 0.5}
    edited = {**seeds, "edits": {"sefa-2": 3}}
    sweep = "/explore?seed=7&direction=sefa-1&to=20&steps=3&format=zip&provenance=true"
    far = "edits=sefa-1:20,pca-1:-20"  # farther than a latent may be that is sent
    for answer in (
        await client.get(walk),
        await client.post("/generate", json=latents),
        await client.get(f"{sweep}&{far}"),
        await client.get(f"{walk}&{far}"),
        await client.post("/generate", json={**latents, "edits": {"sefa-1": 20}}),
        await client.post("/generate", json=seeds),
        await client.post("/generate", json=edited),
    ):
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            for name in archive.namelist():
                assert (await verify(client, archive.read(name)))["verdict"] == "identical"


async def test_a_changed_pixel_is_counted(client: httpx.AsyncClient) -> None:
    answer = await client.get("/images/7.png?provenance=true")
    image = Image.open(io.BytesIO(answer.content))
    pixels = np.asarray(image).copy()
    pixels[3, 5, 1] ^= 1
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    verdict = await verify(client, buffer.getvalue(), "?seed=7")
    assert verdict["verdict"] == "altered"
    difference = verdict["difference"]
    assert isinstance(difference, dict)
    assert (difference["changed_pixels"], difference["max_difference"]) == (1, 1)


async def test_a_forged_claim_is_found_out(client: httpx.AsyncClient) -> None:
    answer = await client.get("/images/7.png?provenance=true")
    forged = answer.content.replace(b'"seeds":[7]', b'"seeds":[8]')
    at = forged.index(b"tEXt") - 4
    length = int.from_bytes(forged[at : at + 4], "big")
    checksum = zlib.crc32(forged[at + 4 : at + 8 + length]).to_bytes(4, "big")
    forged = forged[: at + 8 + length] + checksum + forged[at + 12 + length :]
    verdict = await verify(client, forged)
    assert verdict["verdict"] == "altered"
    claim = verdict["claim"]
    assert isinstance(claim, dict)
    assert claim["seeds"] == [8]


async def test_another_size_is_altered(client: httpx.AsyncClient) -> None:
    image = Image.open(io.BytesIO((await client.get("/images/7.png")).content))
    buffer = io.BytesIO()
    image.resize((8, 8)).save(buffer, "PNG")
    verdict = await verify(client, buffer.getvalue(), "?seed=7")
    assert (verdict["verdict"], verdict["difference"]) == ("altered", None)


async def test_a_model_that_is_not_served_is_another(client: httpx.AsyncClient) -> None:
    answer = await client.get("/images/7.webp?provenance=true")
    digest = answer.headers["x-ganloom-digest"].encode()
    verdict = await verify(client, answer.content.replace(digest, b"0" * 64))
    assert (verdict["verdict"], verdict["digest"]) == ("another-model", "0" * 64)


async def test_a_file_of_another_model_than_asked_about_is_anothers(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/images/7.png?provenance=true")
    verdict = await verify(client, answer.content, "?model=signs")
    assert (verdict["verdict"], verdict["model"]) == ("another-model", "faces")


async def test_a_file_without_a_claim_is_unknown_until_a_seed_is_named(
    client: httpx.AsyncClient,
) -> None:
    file = (await client.get("/images/7.png?model=pets&label=cat")).content
    assert (await verify(client, file))["verdict"] == "unknown"
    assert (await verify(client, file, "?model=pets&label=0&seed=7"))["verdict"] == "identical"
    assert (await verify(client, file, "?model=pets&label=1&seed=7"))["verdict"] == "altered"


async def test_a_claim_that_no_model_can_render_is_unknown(client: httpx.AsyncClient) -> None:
    answer = await client.get("/images/7.webp?provenance=true")
    absurd = answer.content.replace(b"&quot;label&quot;:null", b"&quot;label&quot;:9999")
    assert absurd != answer.content
    assert (await verify(client, absurd))["verdict"] == "unknown"


async def test_provenance_is_part_of_the_etag_and_never_of_other_files(
    client: httpx.AsyncClient,
) -> None:
    plain, carrying = [
        await client.get(f"/images/7.png{query}") for query in ("", "?provenance=true")
    ]
    assert plain.headers["etag"] != carrying.headers["etag"]
    assert len(carrying.content) > len(plain.content)
    assert b"ganloom" in carrying.content
    again = await client.get("/images/7.png")
    assert again.content == plain.content
    assert b"ganloom" not in again.content


async def test_a_claim_says_the_edits_and_others_are_altered(client: httpx.AsyncClient) -> None:
    answer = await client.get("/images/7.webp?provenance=true&edits=sefa-1:1.5")
    claim = (await verify(client, answer.content))["claim"]
    assert isinstance(claim, dict)
    assert (claim["seeds"], claim["edits"]) == ([7], {"sefa-1": 1.5})
    forged = answer.content.replace(b"sefa-1&quot;:1.5", b"sefa-1&quot;:1.6")
    assert forged != answer.content
    assert (await verify(client, forged))["verdict"] == "altered"
    unknown = answer.content.replace(b"sefa-1&quot;:1.5", b"sefa-9&quot;:1.5")
    assert (await verify(client, unknown))["verdict"] == "unknown"


async def test_edits_can_be_named_with_a_seed(client: httpx.AsyncClient) -> None:
    file = (await client.get("/images/7.png?edits=sefa-1:1.5")).content
    assert (await verify(client, file, "?seed=7&edits=sefa-1:1.5"))["verdict"] == "identical"
    assert (await verify(client, file, "?seed=7&edits=sefa-1:1"))["verdict"] == "altered"
    assert (await verify(client, file, "?seed=7"))["verdict"] == "altered"
    for query, field in (("edits=sefa-1:1.5", "seed"), ("seed=7&edits=hat:1", "edits")):
        answer = await client.post(f"/verify?{query}", content=file)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize("suffix", ["png", "jpeg", "webp"])
async def test_files_for_other_services_clients_carry_their_claim_where_all_do(
    serve: ClientFactory, suffix: str
) -> None:
    async with serve(provenance=True) as client:
        asked = {"prompt": "seed 7", "n": 2, "output_format": suffix}
        told = (await client.post("/v1/images/generations", json=asked)).json()
        files = [base64.b64decode(image["b64_json"]) for image in told["data"]]
        again = {
            "inputs": [{"name": "seed", "datatype": "INT64", "shape": [2], "data": [7, 8]}],
            "outputs": [{"name": suffix}],
        }
        inferred = (await client.post("/v2/models/faces/infer", json=again)).json()
        natives = [
            (await client.get(f"/images/{seed}.{suffix.replace('jpeg', 'jpg')}")).content
            for seed in (7, 8)
        ]
    assert files == natives
    assert [base64.b64decode(text) for text in inferred["outputs"][0]["data"]] == natives

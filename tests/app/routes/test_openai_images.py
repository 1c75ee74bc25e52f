"""OpenAI's image endpoint, asked by OpenAI's own package over a real socket."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def http(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as http:
        yield http


@pytest.fixture
def native(http: httpx.Client) -> bytes:
    return http.get("/images/7.png").content


def files_of(answer: Any) -> list[bytes]:
    return [base64.b64decode(image.b64_json) for image in answer.data]


def test_a_seed_in_the_prompt_gives_the_bytes_of_the_native_api(
    client: openai.OpenAI, http: httpx.Client
) -> None:
    answer = client.images.generate(prompt="seed 7", n=2, size="auto", model="faces")
    assert files_of(answer) == [http.get(f"/images/{seed}.png").content for seed in (7, 8)]
    assert [image.revised_prompt for image in answer.data or []] == ["seed 7", "seed 8"]
    assert (answer.size, answer.output_format) == ("16x16", "png")


def test_a_class_in_the_prompt_is_a_label(client: openai.OpenAI, http: httpx.Client) -> None:
    answer = client.images.generate(
        prompt="a dog, seed 3, truncation 0.5", model="pets", output_format="webp", size="24x32"
    )
    native = http.get("/images/3.webp?model=pets&label=dog&truncation=0.5")
    assert files_of(answer) == [native.content]


def test_a_direction_in_the_prompt_is_an_edit(client: openai.OpenAI, http: httpx.Client) -> None:
    answer = client.images.generate(prompt="a face with sefa-1, no pca-2, sefa-2 1.5, seed 3", n=2)
    edits = {"sefa-1": 3, "pca-2": -3, "sefa-2": 1.5}
    natives = [http.post("/generate", json={"seed": seed, "edits": edits}) for seed in (3, 4)]
    assert files_of(answer) == [native.content for native in natives]
    assert [image.revised_prompt for image in answer.data or []] == [
        f"no pca-2, sefa-1, sefa-2 1.5, seed {seed}" for seed in (3, 4)
    ]


@pytest.mark.parametrize(
    "prompt", ["dog, truncation 0.5", "a seven", "random", "a pet with no sefa-1, pca-1 0.25"]
)
def test_a_link_leads_to_the_same_bytes_for_good(
    client: openai.OpenAI, http: httpx.Client, prompt: str
) -> None:
    linked = client.images.generate(prompt=prompt, model="pets", n=2, response_format="url")
    for image in linked.data or []:
        assert image.url is not None
        assert image.revised_prompt is not None
        followed = http.get(image.url)
        again = client.images.generate(prompt=image.revised_prompt, model="pets")
        assert [followed.content] == files_of(again)
        assert "immutable" in followed.headers["cache-control"]


@pytest.mark.anyio
async def test_the_asyncio_client_gets_the_same(address: str, native: bytes) -> None:
    async with openai.AsyncOpenAI(base_url=f"{address}/v1", api_key="none") as client:
        answer = await client.images.generate(prompt="seed 7", user="someone")
        assert files_of(answer) == [native]
        assert [model.id async for model in await client.models.list()] == [
            *("faces", "pets", "signs"),
        ]


@pytest.mark.parametrize(
    ("given", "param", "said"),
    [
        ({"prompt": "a dog"}, "prompt", "'seed 7', 'truncation 0.7' and 'random'"),
        ({"prompt": "a bird", "model": "pets"}, "prompt", "a class ('cat', 'dog', '7')"),
        ({"prompt": "seed 7", "size": "1024x1024"}, "size", "16x16"),
        ({"prompt": "seed 7", "n": 257}, "n", "at most 256"),
        ({"prompt": "seed 7", "n": 0}, "n", "greater than or equal to 1"),
        ({"prompt": "seed 9007199254740991", "n": 2}, "prompt", "at most"),
        ({"prompt": ""}, "prompt", "at least 1"),
        ({"prompt": "seed 7", "style": "vivid"}, "style", "there is no field style"),
        ({"prompt": "seed 7, purpel hair"}, "prompt", "prompt: not understood: 'purpel hair'; "),
    ],
)
def test_what_it_cannot_mean_is_a_400_that_says_what_it_could(
    client: openai.OpenAI, given: dict[str, Any], param: str, said: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=re.escape(said)) as raised:
        client.images.generate(**given)
    assert raised.value.param == param
    assert raised.value.type == "invalid_request_error"


def test_an_unknown_model_is_a_404(client: openai.OpenAI) -> None:
    assert client.models.retrieve("pets").owned_by == "ganloom"
    for ask in (
        lambda: client.models.retrieve("dall-e-2"),
        lambda: client.images.generate(prompt="seed 7", model="dall-e-2"),
    ):
        with pytest.raises(openai.NotFoundError) as raised:
            ask()
        assert raised.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError, match="nothing at this address"):
        client.embeddings.create(input="x", model="faces")


@pytest.mark.parametrize("host", ["", "a b", "\xff", "x" * 5000, "a\\b", "[::", "evil.example"])
def test_an_odd_host_never_makes_an_error_of_the_server(http: httpx.Client, host: str) -> None:
    asked = {"prompt": "seed 7", "response_format": "url"}
    headers = [(b"Host", host.encode("latin-1"))]
    answer = http.post("/v1/images/generations", json=asked, headers=headers)
    assert answer.status_code in (200, 400)

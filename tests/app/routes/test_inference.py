"""The Open Inference Protocol, asked by Triton's own clients over a real socket."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

from model.inference import InferenceEngine
from model.latents import Latents, sample_latents, truncate

EngineOf = Callable[[str], InferenceEngine]
Array = NDArray[Any]


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[Any]:
    with triton.InferenceServerClient(address.removeprefix("http://")) as client:
        yield client


@pytest.fixture
def http(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as http:
        yield http


def tensor(name: str, values: Array, is_binary: bool = True) -> Any:
    datatype = {"f": "FP32", "i": "INT64", "O": "BYTES"}[values.dtype.kind]
    made = triton.InferInput(name, list(values.shape), datatype)
    made.set_data_from_numpy(values, binary_data=is_binary)
    return made


def seeds(*values: int, is_binary: bool = True) -> Any:
    return tensor("seed", np.array(values, np.int64)[:, None], is_binary)


def wanted(*names: str, is_binary: bool = True) -> list[Any]:
    return [triton.InferRequestedOutput(name, binary_data=is_binary) for name in names]


def render(engine: InferenceEngine, latents: Latents) -> Array:
    """Render row by row, as nothing in the service does."""
    alone = [engine.generate_pixels(latents.rows(row, row + 1)) for row in range(len(latents))]
    return np.concatenate(alone)


@pytest.mark.parametrize("is_in_binary", [True, False])
@pytest.mark.parametrize("is_out_binary", [True, False])
def test_latents_give_the_pixels_of_the_engine(
    client: Any, engine_of: EngineOf, is_in_binary: bool, is_out_binary: bool
) -> None:
    engine = engine_of("faces")
    latents = sample_latents(engine.spec, range(5))
    answer = client.infer(
        "faces",
        [tensor("z", latents.z, is_in_binary)],
        outputs=wanted("pixels", is_binary=is_out_binary),
    )
    assert np.array_equal(answer.as_numpy("pixels"), render(engine, latents))


def test_each_row_may_have_its_own_label_and_truncation(client: Any, engine_of: EngineOf) -> None:
    engine = engine_of("pets")
    answer = client.infer(
        "pets",
        [
            seeds(1, 2, 3, 4),
            tensor("label", np.array([[0], [0], [2], [1]], np.int64)),
            tensor("truncation", np.array([[1], [1], [0.7], [0.7]], np.float32)),
        ],
    )
    expected = [
        render(engine, truncate(sample_latents(engine.spec, [seed], label), psi))[0]
        for seed, label, psi in ((1, 0, 1), (2, 0, 1), (3, 2, 0.7), (4, 1, 0.7))
    ]
    assert np.array_equal(answer.as_numpy("pixels"), np.stack(expected))


def test_a_label_may_be_a_name_and_one_for_all(client: Any, http: httpx.Client) -> None:
    label = tensor("label", np.array(["dog"], object))
    answer = client.infer("pets", [seeds(1, 2), label], outputs=wanted("png"))
    for seed, file in zip((1, 2), answer.as_numpy("png"), strict=True):
        native = http.get(f"/images/{seed}.png?model=pets&label=dog")
        assert file == native.content


def test_files_are_those_of_the_native_api_in_binary_and_in_json(
    client: Any, http: httpx.Client
) -> None:
    names = {"png": "png", "jpeg": "jpg", "webp": "webp"}
    binary = client.infer("faces", [seeds(7)], outputs=wanted(*names))
    as_json = client.infer("faces", [seeds(7)], outputs=wanted(*names, is_binary=False))
    for name, extension in names.items():
        native = http.get(f"/images/7.{extension}").content
        assert binary.as_numpy(name)[0] == native
        assert base64.b64decode(as_json.as_numpy(name)[0]) == native


def test_without_outputs_it_is_binary_pixels_and_the_digest_is_told(
    client: Any, http: httpx.Client
) -> None:
    answer = client.infer("signs", [seeds(3, 1)], request_id="é 7").get_response()
    assert [output["name"] for output in answer["outputs"]] == ["pixels"]
    assert answer["outputs"][0]["shape"] == [2, 16, 16, 1]
    assert answer["outputs"][0]["parameters"]["binary_data_size"] == 512
    assert answer["id"] == "é 7"
    assert answer["parameters"]["digest"] == http.get("/models/signs").json()["digest"]


@pytest.mark.anyio
async def test_the_asyncio_client_gets_the_same(
    address: str, engine_of: EngineOf, anyio_backend: str
) -> None:
    assert anyio_backend == "asyncio"
    engine = engine_of("faces")
    latents = sample_latents(engine.spec, range(3))
    async with triton_aio.InferenceServerClient(address.removeprefix("http://")) as client:
        assert await client.is_server_live()
        assert await client.is_model_ready("faces")
        for is_binary in (True, False):
            answer = await client.infer(
                "faces",
                [tensor("z", latents.z, is_binary)],
                model_version="1",
                outputs=wanted("pixels", is_binary=is_binary),
            )
            assert np.array_equal(answer.as_numpy("pixels"), render(engine, latents))


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ([tensor("z", np.zeros((1, 7), np.float32))], "shape is [n, 8]"),
        ([tensor("z", np.full((1, 8), np.nan, np.float32))], "finite"),
        ([tensor("z", np.full((1, 8), 11, np.float32))], "-10 to 10"),
        ([tensor("z", np.zeros((1, 8), np.float32)), seeds(1)], "exactly one of z and seed"),
        ([tensor("truncation", np.ones((1, 1), np.float32))], "exactly one of z and seed"),
        ([seeds(-1)], "0 or more"),
        ([seeds(2**53)], "at most"),
        ([seeds(*range(257))], "at most 256"),
        ([seeds(1), seeds(2)], "given twice"),
        ([seeds(1), tensor("label", np.array([0], np.int64))], "no classes"),
        ([seeds(1), tensor("truncation", np.array([1.5], np.float32))], "from 0 to 1"),
        ([seeds(1, 2, 3), tensor("truncation", np.ones(2, np.float32))], "one for all, or 3"),
        ([tensor("noise", np.zeros((1, 8), np.float32))], "no other input"),
        ([tensor("seed", np.array([["7"]], object))], "datatype is INT64"),
    ],
)
def test_what_is_wrong_with_an_input_is_told(client: Any, inputs: list[Any], said: str) -> None:
    with pytest.raises(InferenceServerException) as raised:
        client.infer("faces", inputs)
    assert raised.value.status() == "400"
    assert said in raised.value.message()


def infer(http: httpx.Client, content: bytes, **headers: str) -> httpx.Response:
    answer = http.post("/v2/models/faces/infer", content=content, headers=headers)
    assert set(answer.json()) == {"error"}
    return answer


def body(**changes: Any) -> bytes:
    seed = {"name": "seed", "shape": [1], "datatype": "INT64", "data": [7]} | changes
    return json.dumps({"inputs": [seed]}).encode()


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b'{"inputs": []}', body(data=None), body(data=[1, 2]), body(data=[])),
        *(body(data=[True]), body(data=[1.5]), body(data=["7"]), body(data=[[7]]), body(data=7)),
        *(body(data=[2**63]), body(shape=[2**20, 2**20]), body(shape=[]), body(shape=[0])),
        *(body(shape=[1, 1, 1]), body(datatype="FP64"), body(name="x" * 200), body(extra=1)),
        body(parameters={"binary_data_size": 8}),
        body(parameters={"shared_memory_region": "x"}, data=None),
        body(parameters={"binary_data_size": 8}, data=None),  # none follows
        body(parameters={"binary_data_size": 2**39}, data=None, shape=[2**20]),
        body(name="label", datatype="BYTES", data=[1]),
        body(name="z", datatype="FP32", shape=[1, 8], data=[[1e39] * 8]),
        body(name="z", datatype="FP32", shape=[1, 8], data=[[None] * 8]),
        body() + b"12345678",  # more than the JSON, and no header that says so
    ],
)
def test_a_broken_request_is_a_400_in_the_words_of_the_protocol(
    http: httpx.Client, content: bytes
) -> None:
    assert infer(http, content).status_code == 400


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "99999", "9" * 40, "", "0"])
def test_a_wrong_length_of_the_json_is_a_400(http: httpx.Client, length: str) -> None:
    answer = infer(http, body(), **{"Inference-Header-Content-Length": length})
    assert answer.status_code == 400


@pytest.mark.parametrize("data", [b"\x01", b"\x05\0\0\0dog", b"\x01\0\0\0\xff", b""])
def test_broken_binary_texts_are_a_400(http: httpx.Client, data: bytes) -> None:
    asked = body(
        name="label", datatype="BYTES", data=None, parameters={"binary_data_size": len(data)}
    )
    length = {"Inference-Header-Content-Length": str(len(asked))}
    assert infer(http, asked + data, **length).status_code == 400


def test_an_unknown_model_version_or_address_is_a_404(client: Any) -> None:
    for name, version in (("nobody", ""), ("faces", "2")):
        with pytest.raises(InferenceServerException, match=r"version|of this name") as raised:
            client.infer(name, [seeds(1)], model_version=version)
        assert raised.value.status() == "404"
    with pytest.raises(InferenceServerException, match="nothing at this address"):
        client.load_model("faces")


def test_a_model_is_pinned_by_its_digest_as_version(client: Any, http: httpx.Client) -> None:
    digest = http.get("/models/faces").json()["digest"]
    pinned = client.infer("faces", [seeds(1)], model_version=digest)
    assert np.array_equal(
        pinned.as_numpy("pixels"), client.infer("faces", [seeds(1)]).as_numpy("pixels")
    )


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_a_compressed_request_is_refused_and_a_compressed_answer_is_optional(
    client: Any, algorithm: str
) -> None:
    with pytest.raises(InferenceServerException, match="uncompressed") as raised:
        client.infer("faces", [seeds(1)], request_compression_algorithm=algorithm)
    assert raised.value.status() == "415"
    answer = client.infer("faces", [seeds(1)], response_compression_algorithm=algorithm)
    assert answer.as_numpy("pixels").shape == (1, 16, 16, 3)


def test_json_pixels_are_bounded_and_binary_ones_are_not(client: Any) -> None:
    many = seeds(*range(256))
    assert client.infer("pets", [many]).as_numpy("pixels").shape == (256, 32, 24, 4)
    with pytest.raises(InferenceServerException, match="binary"):
        client.infer("pets", [many], outputs=wanted("pixels", is_binary=False))

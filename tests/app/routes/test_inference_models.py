"""What Triton's client reads about the server, its models and what they have done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from tests.app.faulty_service import Start


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[Any]:
    with triton.InferenceServerClient(address.removeprefix("http://")) as client:
        yield client


def test_server_and_models_are_alive_and_ready(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("pets")
    assert client.is_model_ready("pets", "1")
    assert not client.is_model_ready("nobody")


def test_metadata_name_tensors_that_can_be_sent_as_they_are(client: Any) -> None:
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    told = client.get_model_metadata("pets")
    assert told == client.get_model_metadata("pets", "1")
    inputs = {item["name"]: (item["datatype"], item["shape"]) for item in told["inputs"]}
    assert inputs == {
        "z": ("FP32", [-1, 4]),
        "seed": ("INT64", [-1, 1]),
        "label": ("INT64", [-1, 1]),
        "truncation": ("FP32", [-1, 1]),
    }
    outputs = {item["name"]: (item["datatype"], item["shape"]) for item in told["outputs"]}
    files = {name: ("BYTES", [-1]) for name in ("png", "jpeg", "webp")}
    assert outputs == {"pixels": ("UINT8", [-1, 32, 24, 4]), **files}
    assert "label" not in str(client.get_model_metadata("faces"))


def test_config_tells_the_rows_of_a_request_and_of_a_batch(client: Any) -> None:
    config = client.get_model_config("faces", "1")
    assert config["max_batch_size"] == 256
    assert config["input"][0] == {
        **{"name": "z", "data_type": "TYPE_FP32", "dims": [8], "optional": True},
    }
    assert config["dynamic_batching"]["preferred_batch_size"][-1] == 8


def test_the_repository_lists_every_model(client: Any) -> None:
    index = client.get_model_repository_index()
    assert [entry["name"] for entry in index] == ["faces", "pets", "signs"]
    assert {entry["state"] for entry in index} == {"READY"}


def test_statistics_count_the_images_of_every_dialect(client: Any) -> None:
    def count() -> tuple[int, int]:
        (stats,) = client.get_inference_statistics("signs")["model_stats"]
        return stats["inference_count"], stats["inference_stats"]["success"]["count"]

    images, requests = count()
    seed = triton.InferInput("seed", [3, 1], "INT64")
    seed.set_data_from_numpy(np.array([[501], [502], [503]], np.int64))
    client.infer("signs", [seed])
    assert count() == (images + 3, requests + 1)
    everything = client.get_inference_statistics()["model_stats"]
    assert [stats["name"] for stats in everything] == ["faces", "pets", "signs"]


def test_an_unknown_model_is_told_in_the_words_of_the_protocol(client: Any) -> None:
    for ask in (
        *(client.get_model_metadata, client.get_model_config),
        client.get_inference_statistics,
    ):
        with pytest.raises(InferenceServerException, match="there are: faces, pets, signs"):
            ask("nobody")


@pytest.mark.anyio
async def test_a_stopped_worker_turns_readiness_red(start: Start) -> None:
    async with start() as setup:
        await setup.batcher.close(1.0)
        for path in ("/v2/health/ready", "/v2/models/faulty/ready"):
            answer = await setup.client.get(path)
            assert (answer.status_code, answer.json()["ready"]) == (503, False)
        index = (await setup.client.post("/v2/repository/index")).json()
        assert index[0]["state"] == "UNAVAILABLE"
        assert "stopped" in index[0]["reason"]
        ready = await setup.client.post("/v2/repository/index", json={"ready": True})
        assert ready.json() == []


@pytest.mark.anyio
async def test_a_failing_generator_and_a_defect_are_told_in_the_words_of_the_dialect(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = {"name": "seed", "shape": [1], "datatype": "INT64", "data": [1]}
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/v2/models/faulty/infer", {"inputs": [seed]}),
        ("/v1/images/generations", {"prompt": "seed 1"}),
    ]
    async with start() as setup:
        setup.engine.failure = RuntimeError("secret")
        failed = [await setup.client.post(path, json=body) for path, body in asked]
        monkeypatch.setattr("app.renderer.Renderer.plan", lambda *_: 1 / 0)
        failed += [await setup.client.post(path, json=body) for path, body in asked]
    assert {answer.status_code for answer in failed} == {500}
    assert all(set(answer.json()) == {"error"} for answer in failed)
    assert not any("secret" in answer.text or "division" in answer.text for answer in failed)

"""Real processes that render. Few, as each needs seconds to start."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.batching import Batcher
from app.catalog import Catalog, ServedGenerator
from app.image_encoding import ImageFormat
from app.lane_connection import LaneError
from app.lane_process import LaneProcess, ProcessLane
from app.lanes import Encoding, Judgement, render_batch
from app.main import create_app
from app.metrics import Metrics
from app.routes.service import Service
from app.settings import Settings
from model.checkpoint import Checkpoint, write_checkpoint
from model.inference import InferenceEngine
from model.judge import Judge
from model.latents import Latents, sample_latents
from tests.app.echo_lanes import LIMIT_S, until

pytestmark = pytest.mark.anyio

NAMES = ("faces", "pets", "signs")
OPTIONS: dict[str, Any] = {"device": "cpu", "precision": "float32", "max_batch_size": 8}


def start(weights: Path) -> LaneProcess:
    return LaneProcess([weights / f"{name}.safetensors" for name in NAMES], OPTIONS)


@pytest.fixture(scope="module")
def engines(checkpoints: dict[str, Checkpoint]) -> dict[str, InferenceEngine]:
    return {
        name: InferenceEngine(
            checkpoints[name], device="cpu", precision="float32", max_batch_size=8
        )
        for name in NAMES
    }


@pytest.fixture(scope="module")
async def process(anyio_backend: str, weights: Path) -> AsyncIterator[LaneProcess]:  # noqa: ARG001
    process = start(weights)
    process.wait()
    yield process
    process.close()


@pytest.fixture(scope="module")
def lanes(process: LaneProcess, checkpoints: dict[str, Checkpoint]) -> dict[str, ProcessLane]:
    return {
        name: ProcessLane(process, number, checkpoints[name].spec)
        for number, name in enumerate(NAMES)
    }


@pytest.fixture
def own_process(weights: Path) -> Iterator[LaneProcess]:
    """A process that a test may end."""
    process = start(weights)
    yield process
    process.close()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "encodings",
    [[None] * 5, *([item] * 3 for item in ImageFormat), [None, *ImageFormat, None], [None] * 8],
    ids=str,
)
async def test_payloads_are_those_of_this_process(
    lanes: dict[str, ProcessLane],
    engines: dict[str, InferenceEngine],
    name: str,
    encodings: list[Encoding],
) -> None:
    latents = sample_latents(engines[name].spec, range(len(encodings)))
    found = await lanes[name].render(latents, encodings)
    expected = render_batch(engines[name], latents, encodings)
    for payload, wanted in zip(found.payloads, expected.payloads, strict=True):
        assert type(payload) is type(wanted)
        assert np.array_equal(payload, wanted)
    assert found.forward_s > 0
    assert found.encode_s > 0


@pytest.mark.parametrize("name", ["faces", "pets"])
async def test_judgements_are_those_of_this_process(
    lanes: dict[str, ProcessLane],
    engines: dict[str, InferenceEngine],
    checkpoints: dict[str, Checkpoint],
    name: str,
) -> None:
    encodings: list[Encoding] = [Judgement.LOGIT, ImageFormat.PNG, *[Judgement.LOGIT] * 2]
    latents = sample_latents(engines[name].spec, range(4))
    found = await lanes[name].render(latents, encodings)
    expected = render_batch(engines[name], latents, encodings, Judge(checkpoints[name]))
    assert found.payloads == expected.payloads
    assert len(set(map(bytes, found.payloads))) == 4


async def test_a_process_judges_nothing_where_there_is_nothing_to_judge_by(
    lanes: dict[str, ProcessLane], engines: dict[str, InferenceEngine]
) -> None:
    latents = sample_latents(engines["signs"].spec, [1])
    with pytest.raises(LaneError, match="cannot judge"):
        await lanes["signs"].render(latents, [Judgement.LOGIT])


@pytest.mark.parametrize("label", [0, 1, 2])
async def test_labels_reach_the_process(
    lanes: dict[str, ProcessLane], engines: dict[str, InferenceEngine], label: int
) -> None:
    latents = sample_latents(engines["pets"].spec, [1, 2], label)
    found = await lanes["pets"].render(latents, [None, None])
    assert np.array_equal(np.stack(found.payloads), engines["pets"].generate_pixels(latents))


async def test_requests_for_several_models_at_once_each_get_their_own(
    lanes: dict[str, ProcessLane], engines: dict[str, InferenceEngine]
) -> None:
    asked = [(NAMES[number % 3], number) for number in range(60)]

    async def is_right(name: str, seed: int) -> bool:
        latents = sample_latents(engines[name].spec, range(seed, seed + 1 + seed % 8))
        found = await lanes[name].render(latents, [None] * len(latents))
        return np.array_equal(np.stack(found.payloads), engines[name].generate_pixels(latents))

    assert all(await asyncio.gather(*(is_right(*item) for item in asked)))


async def test_what_an_engine_refuses_is_told_and_the_process_goes_on(
    lanes: dict[str, ProcessLane], engines: dict[str, InferenceEngine]
) -> None:
    spec = engines["faces"].spec
    latents = sample_latents(spec, range(9))
    with pytest.raises(LaneError, match=r"^at most 8 rows are rendered at once$"):
        await lanes["faces"].render(latents, [None] * 9)
    labelled = Latents(latents.z[:1], np.array([1]))
    with pytest.raises(LaneError, match=r"^labels are given exactly when"):
        await lanes["faces"].render(labelled, [None])
    assert lanes["faces"].is_alive()
    await lanes["faces"].check_golden()
    assert len((await lanes["faces"].render(latents.rows(0, 1), [None])).payloads) == 1


async def test_a_process_tells_what_its_engines_found_and_ends_with_its_socket(
    own_process: LaneProcess, engines: dict[str, InferenceEngine]
) -> None:
    assert own_process.wait() == [engines[name].facts for name in NAMES]
    # A service that is told to stop drains first, and still needs its lanes.
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(own_process._process.pid, number)
    lane = ProcessLane(own_process, 0, engines["faces"].spec)
    await lane.check_golden()
    assert own_process.is_alive()
    assert own_process._connection is not None
    own_process._connection.close()  # as the end of this process would
    assert await asyncio.to_thread(own_process._process.wait, LIMIT_S) == 0
    assert not own_process.is_alive()


async def test_a_killed_process_fails_everybody_and_turns_readiness_red(
    own_process: LaneProcess, checkpoints: dict[str, Checkpoint], settings: Settings
) -> None:
    facts = own_process.wait()[0]
    checkpoint, metrics = checkpoints["faces"], Metrics()
    lane = ProcessLane(own_process, 0, checkpoint.spec)
    batcher = Batcher([lane], facts.batch_shapes, 100, metrics.for_model("faces"))
    served = ServedGenerator("faces", checkpoint, facts, batcher)
    app = create_app(service=Service(settings, metrics, Catalog([served], None)))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://ganloom") as client,
    ):
        assert (await client.get("/images/7.png")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        os.kill(own_process._process.pid, signal.SIGSTOP)  # so that a batch runs when it ends
        asked = [asyncio.create_task(client.get(f"/images/{seed}.png")) for seed in range(20)]
        await until(lambda: batcher.queued_images == 12)
        own_process._process.kill()
        statuses = {(await asyncio.wait_for(task, LIMIT_S)).status_code for task in asked}
        assert statuses <= {500, 503}
        await asyncio.to_thread(own_process._process.wait, LIMIT_S)
        assert not lane.is_alive()
        ready = await client.get("/readyz")
        assert (ready.status_code, list(ready.json()["faults"])) == (503, ["faces"])
        assert (await client.get("/images/7.png")).status_code == 503
        assert (await client.get("/livez")).status_code == 200
        with pytest.raises(LaneError, match="the process of a lane has ended"):
            await lane.check_golden()


def test_a_checkpoint_that_cannot_be_served_is_named(
    checkpoints: dict[str, Checkpoint], tmp_path: Path
) -> None:
    right = checkpoints["faces"]
    weights = {
        name: -tensor if tensor.ndim == 4 else tensor for name, tensor in right.weights.items()
    }
    path = tmp_path / "wrong.safetensors"
    write_checkpoint(dataclasses.replace(right, weights=weights), path)
    process = LaneProcess([path], OPTIONS)
    with pytest.raises(LaneError, match=r"wrong\.safetensors: the golden seeds do not render"):
        process.wait()
    assert process._process.wait(LIMIT_S) == 0
    process.close()

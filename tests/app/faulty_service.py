"""A running app in front of an engine that is slow and fails as it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

import httpx
import numpy as np
from fastapi import FastAPI
from numpy.typing import NDArray

from app.batching import Batcher
from app.catalog import Catalog, ServedGenerator
from app.lanes import LocalLane
from app.main import create_app
from app.metrics import Metrics
from app.routes.service import Service
from app.settings import Settings
from model.checkpoint import Checkpoint
from model.inference import EngineFacts
from model.judge import Judge
from model.latents import Latents
from tests.app.echo_lanes import LIMIT_S

FACTS = EngineFacts(
    device="cpu",
    precision="float32",
    numeric_path="test",
    psnr_db=None,
    golden_verdict="exact",
    batch_shapes=(1, 2, 4),
)


class FaultyEngine:
    """Renders black, once let through; fails as it is told to."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.batches: list[int] = []
        self.failure: BaseException | None = None
        self.golden_failure: Exception | None = None

    def generate_pixels(self, latents: Latents) -> NDArray[np.uint8]:
        self.entered.set()
        assert self.gate.wait(LIMIT_S)
        self.batches.append(len(latents))
        if self.failure:
            raise self.failure
        return np.zeros((len(latents), 16, 16, 3), np.uint8)

    def check_golden(self) -> None:
        if self.golden_failure:
            raise self.golden_failure

    async def wait_until_entered(self) -> None:
        assert await asyncio.to_thread(self.entered.wait, LIMIT_S)


class Setup:
    """A running app in front of a faulty engine."""

    def __init__(self, checkpoint: Checkpoint, settings: Settings) -> None:
        self.engine = FaultyEngine()
        self.checkpoint = checkpoint
        metrics = Metrics()
        self.batcher = Batcher(
            [LocalLane(self.engine, Judge(checkpoint))],
            FACTS.batch_shapes,
            settings.queue_capacity or 64,
            metrics.for_model("faulty"),
        )
        self.generator = ServedGenerator("faulty", checkpoint, FACTS, self.batcher)
        service = Service(settings, metrics, Catalog([self.generator], None))
        self.app: FastAPI = create_app(service=service)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://ganloom")

    def ask(self, **body: object) -> asyncio.Task[httpx.Response]:
        return asyncio.create_task(self.client.post("/generate", json={"seed": 1, **body}))


Start = Callable[..., contextlib.AbstractAsyncContextManager[Setup]]

"""`Metrics`: what Prometheus may scrape; a registry of its own for each app."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.job_metrics import JobMetrics
from app.lanes import RenderedBatch

EXPOSITION_MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_SECONDS = (
    *(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05),
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0),
)
_IMAGES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_PADDED = (0, 1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class GeneratorMetrics:
    """What is measured of one model, written by its batcher."""

    images: Counter
    failed_batches: Counter
    coalesced_rows: Counter
    dropped_rows: Counter
    batch_images: Histogram
    padded_images: Histogram
    queue_seconds: Histogram
    forward_seconds: Histogram
    encode_seconds: Histogram
    refused: Callable[[str], Counter]

    def observe_batch(self, batch: RenderedBatch, padding: int) -> None:
        """Take in a batch that did not fail, and the rows that it was filled up with."""
        self.images.inc(len(batch.payloads))
        self.batch_images.observe(len(batch.payloads))
        self.padded_images.observe(padding)
        self.forward_seconds.observe(batch.forward_s)
        self.encode_seconds.observe(batch.encode_s)


class Metrics:
    """Every series of the service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.jobs = JobMetrics(self.registry)
        self.requests = self._counter("requests", "Requests answered.", "route", "status")
        self.request_seconds = self._histogram("request_seconds", "A whole request.", "route")
        self.requests_in_flight = self._gauge("requests_in_flight", "Requests not yet answered.")
        self.pack_seconds = self._histogram(
            "pack_seconds", "Images to the body of an answer that holds several.", "layout"
        )
        self._images = self._counter("images", "Images generated.", "model")
        self._failed_batches = self._counter("failed_batches", "Batches that failed.", "model")
        self._coalesced_rows = self._counter(
            "coalesced_rows", "Rows that shared the pass of an equal row.", "model"
        )
        self._dropped_rows = self._counter(
            "dropped_rows", "Rows whose client left before they ran.", "model"
        )
        self._refused = self._counter("refused_requests", "Requests refused.", "model", "reason")
        self._batch_images = self._histogram(
            "batch_images", "Images in one forward pass.", "model", buckets=_IMAGES
        )
        self._padded_images = self._histogram(
            "padded_images", "Rows in one forward pass that are padding.", "model", buckets=_PADDED
        )
        self._queue_seconds = self._histogram("queue_seconds", "Wait for the generator.", "model")
        self._forward_seconds = self._histogram("forward_seconds", "One forward pass.", "model")
        self._encode_seconds = self._histogram(
            "encode_seconds", "The images of one forward pass to files.", "model"
        )
        self._queue_images = self._gauge("queue_images", "Images waiting.", "model")
        self._device_memory = self._gauge(
            "device_memory_bytes", "Memory of the device that tensors take.", "model"
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"ganloom_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"ganloom_{name}", text, labels, registry=self.registry)

    def _histogram(
        self, name: str, text: str, label: str, buckets: Sequence[float] = _SECONDS
    ) -> Histogram:
        return Histogram(f"ganloom_{name}", text, [label], buckets=buckets, registry=self.registry)

    def for_model(self, name: str) -> GeneratorMetrics:
        """Return the series of the model `name`."""
        for reason in ("queue_full", "deadline"):
            self._refused.labels(name, reason)  # at 0, or a rate would miss the first
        return GeneratorMetrics(
            images=self._images.labels(name),
            failed_batches=self._failed_batches.labels(name),
            coalesced_rows=self._coalesced_rows.labels(name),
            dropped_rows=self._dropped_rows.labels(name),
            batch_images=self._batch_images.labels(name),
            padded_images=self._padded_images.labels(name),
            queue_seconds=self._queue_seconds.labels(name),
            forward_seconds=self._forward_seconds.labels(name),
            encode_seconds=self._encode_seconds.labels(name),
            refused=lambda reason: self._refused.labels(name, reason),
        )

    def watch(
        self, name: str, queued_images: Callable[[], float], device_memory: Callable[[], float]
    ) -> None:
        """Read a model's queue depth and device memory whenever the metrics are scraped."""
        self._queue_images.labels(name).set_function(queued_images)
        self._device_memory.labels(name).set_function(device_memory)

    def observe_refusal(self, route: str, status: int) -> None:
        """Count a request that was answered before it came to `RequestMetrics`."""
        self.requests.labels(route, status).inc()
        self.request_seconds.labels(route).observe(0.0)

    def exposition(self) -> bytes:
        """Write every series in Prometheus' text format."""
        return generate_latest(self.registry)


class RequestMetrics:
    """ASGI middleware that counts requests by route template, so that no client adds a series."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count and time one HTTP request; pass anything else on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        self.metrics.requests_in_flight.inc()
        try:
            await self.app(scope, receive, watch)
        finally:
            self.metrics.requests_in_flight.dec()
            route = getattr(scope.get("route"), "path", "unmatched")
            self.metrics.requests.labels(route, status).inc()
            self.metrics.request_seconds.labels(route).observe(time.perf_counter() - started)

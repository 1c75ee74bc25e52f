"""`Metrics`: what Prometheus may scrape; a registry of its own for each app."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EXPOSITION_MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_IMAGES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True)
class GeneratorMetrics:
    """What is measured of one model, written by its batcher."""

    images: Counter
    failed_batches: Counter
    batch_images: Histogram
    queue_seconds: Histogram
    forward_seconds: Histogram

    def observe_batch(self, images: int, seconds: float) -> None:
        """Take in a batch that did not fail."""
        self.images.inc(images)
        self.batch_images.observe(images)
        self.forward_seconds.observe(seconds)


class Metrics:
    """Every series of the service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "ganloom_requests", "Requests answered.", ["route", "status"], registry=self.registry
        )
        self.request_seconds = self._histogram("request_seconds", "A whole request.", "route")
        self.requests_in_flight = Gauge(
            "ganloom_requests_in_flight", "Requests not yet answered.", registry=self.registry
        )
        self.encode_seconds = self._histogram("encode_seconds", "Pixels to bytes.", "layout")
        self._images = Counter(
            "ganloom_images", "Images generated.", ["model"], registry=self.registry
        )
        self._failed_batches = Counter(
            "ganloom_failed_batches", "Batches that failed.", ["model"], registry=self.registry
        )
        self._batch_images = Histogram(
            "ganloom_batch_images",
            "Images in one forward pass.",
            ["model"],
            buckets=_IMAGES,
            registry=self.registry,
        )
        self._queue_seconds = self._histogram("queue_seconds", "Wait for the generator.", "model")
        self._forward_seconds = self._histogram("forward_seconds", "One forward pass.", "model")
        self._queue_images = Gauge(
            "ganloom_queue_images", "Images waiting.", ["model"], registry=self.registry
        )

    def _histogram(self, name: str, text: str, label: str) -> Histogram:
        return Histogram(f"ganloom_{name}", text, [label], buckets=_SECONDS, registry=self.registry)

    def for_model(self, name: str) -> GeneratorMetrics:
        """Return the series of the model `name`."""
        return GeneratorMetrics(
            images=self._images.labels(name),
            failed_batches=self._failed_batches.labels(name),
            batch_images=self._batch_images.labels(name),
            queue_seconds=self._queue_seconds.labels(name),
            forward_seconds=self._forward_seconds.labels(name),
        )

    def watch_queue(self, name: str, waiting_images: Callable[[], float]) -> None:
        """Read the depth of a model's queue whenever the metrics are scraped."""
        self._queue_images.labels(name).set_function(waiting_images)

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

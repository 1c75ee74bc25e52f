"""`Metrics`: what Prometheus may scrape; a registry of its own for each app."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EXPOSITION_MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_IMAGES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class BatchCost:
    """The cost of a batch of n images, a n + b seconds, fitted to batches; older ones fade."""

    _FADING = 0.95

    def __init__(self) -> None:
        # Sums of 1, n, t, n n and n t; one value, so that any thread may read them.
        self._sums = (0.0, 0.0, 0.0, 0.0, 0.0)

    def observe(self, n: int, seconds: float) -> None:
        """Take in a batch of `n` images."""
        ones, ns, ts, nns, nts = (self._FADING * total for total in self._sums)
        self._sums = (ones + 1, ns + n, ts + seconds, nns + n * n, nts + n * seconds)

    def seconds_for(self, images: int, batch_limit: int) -> float:
        """Return the time that `images` take in batches of `batch_limit`; 0 if unknown."""
        ones, ns, ts, nns, nts = self._sums
        if not ones:
            return 0.0
        a = ts / ns  # all there is to say when every batch was of one size
        spread = ones * nns - ns * ns
        if spread > 1e-6 * ones * nns:
            a = min(max(0.0, (ones * nts - ns * ts) / spread), a)
        b = (ts - a * ns) / ones
        return a * images + b * math.ceil(images / batch_limit)


@dataclass(frozen=True)
class GeneratorMetrics:
    """What is measured of one model, written by its batcher."""

    images: Counter
    failed_batches: Counter
    batch_images: Histogram
    queue_seconds: Histogram
    forward_seconds: Histogram
    cost: BatchCost = field(default_factory=BatchCost)

    def observe_batch(self, images: int, seconds: float) -> None:
        """Take in a batch that did not fail."""
        self.cost.observe(images, seconds)
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

"""`PendingRequest`: one request in a batcher, and the rows that it shares with others."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from app.lanes import Encoding, Payload, RenderedBatch
from model.latents import Latents

RowKey: TypeAlias = tuple[bytes, int | None, Encoding]


@dataclass(frozen=True)
class RenderedRows:
    """The rows of one request, encoded as it asked, and how they came about."""

    payloads: list[Payload]
    queue_ms: float
    forward_ms: float
    encode_ms: float
    batch_images: int  # the images, of all requests, in the fullest batch it was part of


@dataclass(eq=False)
class Row:
    """One latent to be rendered and encoded once, and all places that wait for it."""

    latents: Latents
    encoding: Encoding
    key: RowKey
    waiters: list[tuple[PendingRequest, int]] = field(default_factory=list)

    @property
    def heir(self) -> PendingRequest | None:
        """A request that still waits for it."""
        return next((item for item, _ in self.waiters if not item.future.done()), None)


@dataclass(eq=False)
class PendingRequest:
    """One request. `unsent` are the rows that it has to bring into a batch itself."""

    payloads: list[Payload | None]
    future: asyncio.Future[RenderedRows]
    missing: int = field(init=False)
    unsent: deque[Row] = field(default_factory=deque)
    arrived_s: float = field(default_factory=time.perf_counter)
    queue_s: float | None = None
    forward_s: float = 0.0
    encode_s: float = 0.0
    batch_images: int = 0

    def __post_init__(self) -> None:
        """Every row is missing at first."""
        self.missing = len(self.payloads)

    def take(self, count: int, now_s: float) -> list[Row]:
        """Take the next `count` rows out."""
        if count and self.queue_s is None:
            self.queue_s = now_s - self.arrived_s
        return [self.unsent.popleft() for _ in range(count)]

    def receive(self, payloads: dict[int, Payload], batch: RenderedBatch) -> bool:
        """Take rows of a batch, by their places; whether they were the last."""
        for index, payload in payloads.items():
            self.payloads[index] = payload
        self.missing -= len(payloads)
        self.forward_s += batch.forward_s
        self.encode_s += batch.encode_s
        self.batch_images = max(self.batch_images, len(batch.payloads))
        return self.missing == 0

    def finish(self) -> None:
        """Hand the rows over."""
        rendered = RenderedRows(
            payloads=[payload for payload in self.payloads if payload is not None],
            queue_ms=1e3 * (self.queue_s or 0.0),
            forward_ms=1e3 * self.forward_s,
            encode_ms=1e3 * self.encode_s,
            batch_images=self.batch_images,
        )
        if not self.future.done():  # cancelled meanwhile
            self.future.set_result(rendered)


def fail(future: asyncio.Future[Any], error: Exception) -> None:
    """Fail `future`, unless it has been resolved or cancelled."""
    if not future.done():
        future.set_exception(error)


def split_rows(latents: Latents, encoding: Encoding) -> list[Row]:
    """Make a row of each latent; equal latents in equal encodings have equal keys."""
    labels: list[int | None] = [None] * len(latents)
    if latents.labels is not None:
        labels = latents.labels.tolist()
    return [
        Row(latents.rows(index, index + 1), encoding, (latents.z[index].tobytes(), label, encoding))
        for index, label in enumerate(labels)
    ]

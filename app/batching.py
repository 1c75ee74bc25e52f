"""`Batcher`: a bounded queue in front of one generator and the one thread that runs it.

The contract, tested line by line in tests/app/test_batching.py:

* Whatever waits is sent as soon as the worker is free; nothing waits for a clock.
* A batch holds rows of several requests, in order of arrival. A request longer than its
  share is split over batches, so that a long one never keeps a short one waiting.
* The queue is bounded in images. Past the bound `submit` raises Overloaded, with the time
  that the queue needs by the measured cost of a batch.
* A request that nobody waits for any more is dropped before its rows are run.
* Each request gets its own rows back in order; the generator's count is checked.
* A failing batch fails the requests that had rows in it, and no other.
* `close` finishes what waits within a limit and then fails what is left.
* Every path out, the worker's own death included, resolves every future; a dead worker
  shows in `is_alive`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.batch_cost import BatchCost
from app.errors import GeneratorFailed, NotReady, Overloaded
from app.metrics import GeneratorMetrics
from model.latents import Latents

_log = logging.getLogger(__name__)


class PixelGenerator(Protocol):
    """What a batcher runs; `model.inference.InferenceEngine` is one."""

    @property
    def batch_shapes(self) -> tuple[int, ...]:
        """The row counts that it runs, ascending; the last is the most that it takes."""

    def generate_pixels(self, latents: Latents) -> NDArray[np.uint8]:
        """Render `latents` as pixels (n, h, w, c)."""


@dataclass(frozen=True)
class RenderedRows:
    """The pixels (n, h, w, c) of one request, and how they came about."""

    pixels: NDArray[np.uint8]
    queue_ms: float
    forward_ms: float
    batch_images: int  # the images, of all requests, in the fullest batch it was part of


@dataclass(eq=False)
class _Pending:
    """One request: rows up to `sent` have been given to the worker, `parts` came back."""

    latents: Latents
    future: Future[RenderedRows] = field(default_factory=Future)
    arrived_s: float = field(default_factory=time.perf_counter)
    queue_s: float = 0.0
    forward_s: float = 0.0
    batch_images: int = 0
    sent: int = 0
    parts: list[NDArray[np.uint8]] = field(default_factory=list)

    @property
    def rows_left(self) -> int:
        return len(self.latents) - self.sent

    def send(self, count: int, now_s: float) -> Latents:
        """Take the next `count` rows out."""
        if self.sent == 0:
            self.queue_s = now_s - self.arrived_s
        self.sent += count
        return self.latents.rows(self.sent - count, self.sent)

    def receive(self, pixels: NDArray[np.uint8], forward_s: float, batch_images: int) -> None:
        """Take the pixels of the rows sent last; resolve when they were the last rows."""
        self.parts.append(pixels)
        self.forward_s += forward_s
        self.batch_images = max(self.batch_images, batch_images)
        if self.rows_left == 0:
            whole = self.parts[0] if len(self.parts) == 1 else np.concatenate(self.parts)
            rows = RenderedRows(whole, 1e3 * self.queue_s, 1e3 * self.forward_s, self.batch_images)
            with contextlib.suppress(InvalidStateError):  # cancelled meanwhile
                self.future.set_result(rows)


_AnyFuture = Future[RenderedRows] | Future[None]


class Batcher:
    """Merges the rows of concurrent requests into forward passes of one generator."""

    def __init__(self, generator: PixelGenerator, capacity: int, metrics: GeneratorMetrics) -> None:
        self._generator = generator
        self._capacity = capacity
        self._metrics = metrics
        self._cost = BatchCost()
        self._changed = threading.Condition()  # guards what follows
        self._queue: deque[_Pending] = deque()
        self._queued_images = 0
        self._checks: deque[tuple[Callable[[], None], Future[None]]] = deque()
        self._running: list[_AnyFuture] = []
        self._is_open = False
        self._worker = threading.Thread(target=self._work, name="batcher", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether the worker runs."""
        return self._worker.is_alive()

    @property
    def queued_images(self) -> int:
        """The images that wait, not counting those in a forward pass."""
        return self._queued_images

    def start(self) -> None:
        """Start the worker."""
        self._is_open = True
        self._worker.start()

    async def submit(self, latents: Latents) -> RenderedRows:
        """Render `latents`; a caller that is cancelled takes its rows out of the queue."""
        return await asyncio.wrap_future(self.enqueue(latents))

    async def run_check(self, check: Callable[[], None]) -> None:
        """Run `check` on the worker before the next batch; raises what it raises."""
        future: Future[None] = Future()
        with self._changed:
            self._require_open()
            self._checks.append((check, future))
            self._changed.notify()
        await asyncio.wrap_future(future)

    def enqueue(self, latents: Latents) -> Future[RenderedRows]:
        """Queue `latents`, at least one row; raises Overloaded when full, NotReady when closed."""
        pending = _Pending(latents)
        with self._changed:
            self._require_open()
            if self._queued_images + len(latents) > self._capacity:
                self._drop_abandoned()
            if self._queued_images + len(latents) > self._capacity:
                limit = self._generator.batch_shapes[-1]
                raise Overloaded(self._cost.seconds_for(self._queued_images, limit))
            self._queue.append(pending)
            self._queued_images += len(latents)
            self._changed.notify()
        return pending.future

    def close(self, limit_s: float) -> None:
        """Take no more, finish what waits within `limit_s`, then fail what is left."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        if self._worker.ident is not None:
            self._worker.join(limit_s)
        self._fail_all()

    def _require_open(self) -> None:
        if not self._is_open:
            raise NotReady("The generator is not running.")

    def _work(self) -> None:
        """Run batches until closed; whatever ends this, nobody is left waiting."""
        try:
            while self._take_turn():
                pass
        except BaseException:
            _log.critical("the worker of a generator died", exc_info=True)
        finally:
            self._fail_all()

    def _take_turn(self) -> bool:
        """Wait for something to do and do it; False when closed and drained."""
        with self._changed:
            self._running = []
            self._drop_abandoned()
            while self._is_open and not self._queue and not self._checks:
                self._changed.wait()
                self._drop_abandoned()
            check = self._checks.popleft() if self._checks else None
            shares = [] if check else self._share_batch()
            self._running = [check[1]] if check else [item.future for item, _ in shares]
        if check:
            _run_check(*check)
        elif shares:
            self._run_batch(shares)
        return bool(check or shares)

    def _drop_abandoned(self) -> None:
        """Forget the requests that were cancelled, or that failed in an earlier batch."""
        if any(pending.future.done() for pending in self._queue):
            self._queue = deque(item for item in self._queue if not item.future.done())
            self._queued_images = sum(item.rows_left for item in self._queue)

    def _share_batch(self) -> list[tuple[_Pending, Latents]]:
        """Share one batch among the waiting: an equal part each, the rest to the earliest."""
        room = self._generator.batch_shapes[-1]
        waiting = list(islice(self._queue, room))
        if not waiting:
            return []
        counts = [min(item.rows_left, room // len(waiting)) for item in waiting]
        spare = room - sum(counts)
        now_s = time.perf_counter()
        shares = []
        for item, count in zip(waiting, counts, strict=True):
            extra = min(spare, item.rows_left - count)
            spare -= extra
            shares.append((item, item.send(count + extra, now_s)))
        self._queued_images -= room - spare
        self._queue = deque(item for item in self._queue if item.rows_left)
        return shares

    def _run_batch(self, shares: list[tuple[_Pending, Latents]]) -> None:
        """Run one batch and give each request its rows, or each the failure."""
        try:
            self._generate(shares)
        except Exception:
            _log.exception("a batch failed")
            self._metrics.failed_batches.inc()
            for item, _ in shares:
                _fail(item.future, GeneratorFailed("The generator failed on this request."))

    def _generate(self, shares: list[tuple[_Pending, Latents]]) -> None:
        latents = Latents.concatenate([rows for _, rows in shares])
        started_s = time.perf_counter()
        pixels = self._generator.generate_pixels(latents)
        forward_s = time.perf_counter() - started_s
        if len(pixels) != len(latents):
            raise RuntimeError(f"{len(latents)} rows went in, {len(pixels)} came out")
        self._cost.observe(len(latents), forward_s)
        self._metrics.observe_batch(len(latents), forward_s)
        first = 0
        for item, rows in shares:
            if item.rows_left == 0:
                self._metrics.queue_seconds.observe(item.queue_s)
            item.receive(pixels[first : first + len(rows)], forward_s, len(latents))
            first += len(rows)

    def _fail_all(self) -> None:
        """Close for good and fail all that waits or runs."""
        with self._changed:
            self._is_open = False
            futures = [*self._running, *(item.future for item in self._queue)]
            futures += [future for _, future in self._checks]
            self._queue.clear()
            self._checks.clear()
            self._queued_images = 0
        for future in futures:
            _fail(future, NotReady("The generator stopped before this request was done."))


def _run_check(check: Callable[[], None], future: Future[None]) -> None:
    try:
        check()
    except Exception as error:
        _fail(future, error)
    else:
        with contextlib.suppress(InvalidStateError):
            future.set_result(None)


def _fail(future: _AnyFuture, error: Exception) -> None:
    """Fail `future`, unless it has been resolved or cancelled."""
    with contextlib.suppress(InvalidStateError):
        future.set_exception(error)

"""`Batcher`: a bounded queue in front of the lanes of one generator, a task for each lane.

All of it runs on the event loop, so nothing here needs a lock. The contract:

* Whatever waits is sent as soon as a lane is free, no more at once than makes a pass
  efficient; nothing waits for a clock. Free lanes share what waits.
* A batch holds rows of several requests, in order of arrival, and a long request is split over
  batches: it keeps no short one waiting, nor can short ones that keep coming starve it.
* Equal rows that are queued or running at the same time are rendered and encoded once. A
  request that leaves takes only those of its rows along for which nobody else waits.
* The queue is bounded in images: a request, however long, joins it while fewer than `capacity`
  wait or run. Else `submit` raises Overloaded, with the time that the queue needs by the
  measured cost of a batch; where the request has less, DeadlineExceeded at once.
* A request that nobody waits for any more is dropped before its rows are run.
* Each request gets its own rows back in order.
* A failing batch fails the requests that had rows in it, and no other.
* `close` finishes what waits within a limit and then fails what is left.
* Every path out resolves every future; a dead lane closes the batcher and shows in `is_alive`.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from itertools import islice
from typing import Any, NoReturn

from app.batch_cost import BatchCost
from app.errors import DeadlineExceeded, GeneratorFailed, NotReady, Overloaded
from app.lanes import Encoding, Lane, Payload, RenderedBatch
from app.metrics import GeneratorMetrics
from app.pending import PendingRequest, RenderedRows, Row, RowKey, fail, split_rows
from app.sharing import limit_batch, share_room
from model.latents import Latents

_log = logging.getLogger(__name__)


class Batcher:
    """Merges the rows of concurrent requests into batches for `lanes`."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        batch_shapes: Sequence[int],
        capacity: int,
        metrics: GeneratorMetrics,
        brief_batch: int | None = None,
    ) -> None:
        """Take the row counts that a lane runs, ascending, and the images that there may be.

        More than `brief_batch` rows, by default all, are not rendered any faster each.
        """
        self.lanes = lanes
        self._metrics = metrics
        self._shapes = batch_shapes
        self._capacity = capacity
        self._brief_batch = brief_batch or batch_shapes[-1]
        self._cost = BatchCost()
        self._queue: deque[PendingRequest] = deque()
        self.queued_images = 0
        self._has_leavers = False  # whether somebody may have left the queue
        self._rows: dict[RowKey, Row] = {}  # queued or running
        self._checks: dict[Lane, asyncio.Future[None]] = {}  # waiting or running
        self._free_lanes: dict[Lane, asyncio.Future[None]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._is_open = False

    @property
    def is_alive(self) -> bool:
        """Whether every lane runs."""
        is_running = bool(self._tasks) and not any(task.done() for task in self._tasks)
        return is_running and all(lane.is_alive() for lane in self.lanes)

    def start(self) -> None:
        """Start the lanes, on the running event loop."""
        self._is_open = True
        self._tasks = [asyncio.create_task(self._work(lane)) for lane in self.lanes]

    async def submit(
        self, latents: Latents, encoding: Encoding = None, limit_s: float = math.inf
    ) -> RenderedRows:
        """Render `latents`, at least one row, as files in `encoding`, or as pixels.

        A caller that is cancelled takes its rows out of the queue. NotReady when closed,
        Overloaded when full, DeadlineExceeded if what waits before it takes longer than
        `limit_s`, GeneratorFailed.
        """
        self._require_open()
        rows = split_rows(latents, encoding)
        if not all(row.key in self._rows for row in rows):
            if not self.has_room():
                self.refuse()
            self._require_time(limit_s)
        pending = PendingRequest([None] * len(rows), asyncio.get_running_loop().create_future())
        for index, row in enumerate(rows):
            shared = self._rows.setdefault(row.key, row)
            shared.waiters.append((pending, index))
            if shared is row:
                pending.unsent.append(row)
        if coalesced := len(rows) - len(pending.unsent):
            self._metrics.coalesced_rows.inc(coalesced)
        if pending.unsent:
            self.queued_images += len(pending.unsent)
            self._queue.append(pending)
            self._wake_lanes(self.queued_images)
        try:
            return await pending.future
        finally:
            self._has_leavers |= bool(pending.unsent)

    def has_room(self, arriving: int = 0) -> bool:
        """Whether a request may join those that wait, after `arriving` images more."""
        if len(self._rows) + arriving >= self._capacity and self._has_leavers:
            self._drop_abandoned()
        return len(self._rows) + arriving < self._capacity

    def refuse(self) -> NoReturn:
        """Raise Overloaded, with the time that what waits needs."""
        self._metrics.refused("queue_full").inc()
        raise Overloaded(self._wait_s())

    async def check_golden(self) -> None:
        """Have every lane check its golden seeds before its next batch; raises what one raises."""
        self._require_open()
        for lane in self.lanes:
            if lane not in self._checks or self._checks[lane].done():  # its caller gave up
                self._checks[lane] = asyncio.get_running_loop().create_future()
        self._wake_lanes(len(self.lanes))
        await asyncio.gather(*(self._checks[lane] for lane in self.lanes))

    async def close(self, limit_s: float) -> None:
        """Take no more, finish what waits within `limit_s`, then fail what is left."""
        self._is_open = False
        self._wake_lanes(len(self.lanes))
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=limit_s)
            for task in late:
                task.cancel()
        self._fail_all()

    def _require_open(self) -> None:
        if not self._is_open:
            raise NotReady("The generator is not running.")

    def _require_time(self, limit_s: float) -> None:
        """Raise DeadlineExceeded if what waits needs longer than `limit_s`."""
        wait_s = self._wait_s()
        if wait_s > limit_s:
            self._metrics.refused("deadline").inc()
            raise DeadlineExceeded(
                f"The queue needs {wait_s:.2g} s, and {limit_s:.2g} s are left for this request."
            )

    def _wait_s(self) -> float:
        return self._cost.seconds_for(self.queued_images, self._shapes[-1]) / len(self.lanes)

    def _wake_lanes(self, count: int) -> None:
        """Let so many free lanes look for work, once this turn of the event loop has brought all.

        The lane that was freed last comes first: its core still holds the weights.
        """
        for wake in list(reversed(self._free_lanes.values()))[:count]:
            if not wake.done():
                wake.set_result(None)

    async def _work(self, lane: Lane) -> None:
        """Run batches until closed; whatever ends this, nobody is left waiting."""
        try:
            while await self._take_turn(lane):
                pass
        except BaseException as error:
            if not isinstance(error, asyncio.CancelledError):
                _log.critical("a lane of a generator died", exc_info=error)
            self._fail_all()

    async def _take_turn(self, lane: Lane) -> bool:
        """Wait for something to do and do it; False when closed and drained."""
        self._drop_abandoned()
        while self._is_open and not self._queue and lane not in self._checks:
            self._free_lanes[lane] = asyncio.get_running_loop().create_future()
            await self._free_lanes[lane]
            self._drop_abandoned()
        self._free_lanes.pop(lane, None)
        if check := self._checks.get(lane):
            await self._run_check(lane, check)
            return True
        batch = self._share_batch()
        if batch:
            await self._run_batch(lane, batch)
        return bool(batch)

    def _drop_abandoned(self) -> None:
        """Forget the requests that were cancelled, or that failed in an earlier batch."""
        self._has_leavers = False
        if not any(item.future.done() for item in self._queue):
            return
        before, self._queue = self._queue, deque()
        for item in before:
            if not item.future.done():
                self._queue.append(item)
            else:
                self._pass_on(item)

    def _pass_on(self, abandoned: PendingRequest) -> None:
        """Leave the rows, and the place in the queue, to others that wait for them."""
        for row in abandoned.unsent:
            if heir := row.heir:
                if not heir.unsent:
                    self._queue.append(heir)
                heir.unsent.append(row)
            else:
                del self._rows[row.key]
                self.queued_images -= 1
                self._metrics.dropped_rows.inc()
        abandoned.unsent.clear()

    def _share_batch(self) -> list[Row]:
        """Take this lane's part of what waits: of each request what `share_room` says."""
        if not self._queue:
            return []
        part = math.ceil(self.queued_images / (1 + len(self._free_lanes)))
        limit = limit_batch(self.queued_images, len(self.lanes), self._brief_batch)
        room = min(part, limit, self._shapes[-1])
        waiting = list(islice(self._queue, room))
        counts = share_room([len(item.unsent) for item in waiting], room)
        batch: list[Row] = []
        for item, count in zip(waiting, counts, strict=False):
            batch += item.take(count, time.perf_counter())
        self.queued_images -= len(batch)
        self._queue = deque(item for item in self._queue if item.unsent)
        return batch

    async def _run_batch(self, lane: Lane, batch: list[Row]) -> None:
        """Run one batch and give each request its rows, or each the failure."""
        try:
            latents = Latents.concatenate([row.latents for row in batch])
            rendered = await lane.render(latents, [row.encoding for row in batch])
            if len(rendered.payloads) != len(batch):
                raise RuntimeError(f"{len(batch)} rows went in, {len(rendered.payloads)} came out")
        except Exception as error:
            self._settle(batch)
            self._metrics.failed_batches.inc()
            for item in {item for row in batch for item, _ in row.waiters}:
                fail(item.future, GeneratorFailed("The generator failed on this request."))
            if not lane.is_alive():
                raise
            _log.error("a batch failed", exc_info=error)
        else:
            self._deliver(batch, rendered)

    def _deliver(self, batch: list[Row], rendered: RenderedBatch) -> None:
        """Give each row to all that wait for it, and finish the requests that are whole."""
        parts: defaultdict[PendingRequest, dict[int, Payload]] = defaultdict(dict)
        for row, payload in zip(batch, rendered.payloads, strict=True):
            for item, index in row.waiters:
                parts[item][index] = payload
        for item, part in parts.items():
            if item.receive(part, rendered):
                item.finish()
                self._metrics.queue_seconds.observe(item.queue_s or 0.0)
        self._settle(batch)  # last, so that whatever fails before leaves them to `_fail_all`
        self._cost.observe(len(batch), rendered.forward_s + rendered.encode_s)
        padding = next(shape for shape in self._shapes if shape >= len(batch)) - len(batch)
        self._metrics.observe_batch(rendered, padding)

    def _settle(self, batch: list[Row]) -> None:
        """Let nobody join these rows any more."""
        for row in batch:
            self._rows.pop(row.key, None)

    async def _run_check(self, lane: Lane, check: asyncio.Future[None]) -> None:
        try:
            await lane.check_golden()
        except Exception as error:
            fail(check, error)
        else:
            if not check.done():
                check.set_result(None)
        if self._checks.get(lane) is check:
            del self._checks[lane]

    def _fail_all(self) -> None:
        """Close for good and fail all that waits or runs."""
        self._is_open = False
        futures: set[asyncio.Future[Any]] = {
            item.future for row in self._rows.values() for item, _ in row.waiters
        }
        futures |= set(self._checks.values())
        self._rows.clear()
        self._queue.clear()
        self._checks.clear()
        self.queued_images = 0
        for future in futures:
            fail(future, NotReady("The generator stopped before this request was done."))
        self._wake_lanes(len(self.lanes))

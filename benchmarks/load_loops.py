"""The two ways to load a server: a fixed number of clients, or arrivals at a fixed rate."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator

from benchmarks.arrivals import ArrivalTimer
from benchmarks.connections import Connection, connect
from benchmarks.http_answers import Answer
from benchmarks.load_record import LoadRecord

# A client that is itself late by this much has not kept to the schedule.
_LATE_S = 0.005
# Between two looks at the schedule: at thousands of arrivals a second, waking for each would cost
# the machine more than sending does. What it delays counts as the server's latency.
_REST_S = 0.0005


class ClosedLoop:
    """`count` clients, each of which asks again as soon as it is answered."""

    def __init__(self, port: int, requests: Iterator[bytes], record: LoadRecord) -> None:
        self.opened = 0
        self.cpu_s = 0.0  # of this process when the load ended
        self._port = port
        self._requests = requests
        self._record = record
        self._open: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, count: int, patience_s: float) -> int:
        """Load until the record's end; return how many are unanswered after the patience."""
        await asyncio.gather(*(self._connect() for _ in range(count)))
        await asyncio.sleep(self._record.ends - time.perf_counter())
        self.cpu_s = time.process_time()
        unanswered = await _wait_for_answers(self._busy, patience_s)
        for task in self._tasks:
            task.cancel()
        for connection in list(self._open):
            connection.is_busy = False
            connection.reset()
        return unanswered

    def on_ready(self, connection: Connection) -> None:
        """Ask at once."""
        self.opened += 1
        self._open.add(connection)
        self._ask(connection, time.perf_counter())

    def on_answer(self, connection: Connection, answer: Answer) -> None:
        """Record it and ask again."""
        now = time.perf_counter()
        self._record.add(answer, connection.started, now)
        if now >= self._record.ends:
            connection.close()
        elif connection.is_open:
            self._ask(connection, now)

    def on_lost(self, connection: Connection) -> None:
        """Come back, as a client does."""
        self._open.discard(connection)
        now = time.perf_counter()
        if connection.is_busy:
            self._record.lost += 1
        if now < self._record.ends:
            task = asyncio.get_running_loop().create_task(self._connect())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _ask(self, connection: Connection, now: float) -> None:
        self._record.offered += now >= self._record.starts
        connection.send(next(self._requests), now)

    def _busy(self) -> int:
        return sum(connection.is_busy for connection in self._open)

    async def _connect(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(self._record.ends - time.perf_counter(), 0)):
                await connect(self, self._port)


class OpenLoop:
    """Requests fall due whether or not the server has answered those before.

    A latency begins when the request was due, not when it was sent: a server that stalls is
    charged for everyone who would have come meanwhile (Tene's coordinated omission).
    """

    def __init__(self, port: int, requests: Iterator[bytes], record: LoadRecord) -> None:
        self.opened = 0
        self.cpu_s = 0.0  # of this process when the load ended
        self._port = port
        self._requests = requests
        self._record = record
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._waiting: deque[float] = deque()  # due, and no connection free
        self._limit = 0
        self._schedule: Iterator[float] = iter(())
        self._due: float | None = None
        self._ended = asyncio.Event()

    async def run(self, schedule: Iterator[float], limit: int, patience_s: float) -> int:
        """Load by a schedule of `time.perf_counter`; return how many are left unanswered."""
        self._limit = limit
        self._schedule = schedule
        self._due = next(schedule, None)
        self._timer = ArrivalTimer(self._arrive)
        if self._due is None:
            self._ended.set()
        else:
            self._timer.set(self._due)
        await self._ended.wait()
        self.cpu_s = time.process_time()
        unanswered = await _wait_for_answers(self._outstanding, patience_s)
        self._timer.close()
        for task in self._connecting:
            task.cancel()
        self._waiting.clear()
        for connection in list(self._open):
            connection.is_busy = False
            connection.reset()
        return unanswered

    def on_ready(self, connection: Connection) -> None:
        """Serve whoever has waited longest."""
        self.opened += 1
        self._open.add(connection)
        self._use(connection)

    def on_answer(self, connection: Connection, answer: Answer) -> None:
        """Record it, and free the connection."""
        self._record.add(answer, connection.started, time.perf_counter())
        if connection.is_open:
            self._use(connection)

    def on_lost(self, connection: Connection) -> None:
        """Forget it."""
        self._open.discard(connection)
        if connection.is_busy:
            self._record.lost += 1
        elif connection in self._idle:
            self._idle.remove(connection)
        if self._waiting:
            self._open_another()

    def _arrive(self) -> None:
        """Send all that is due, and set the timer to the next."""
        now = time.perf_counter()
        while self._due is not None and self._due <= now:
            self._record.offered += self._due >= self._record.starts
            if self._idle:
                self._ask(self._idle.pop(), self._due, now)
            else:
                self._waiting.append(self._due)
                self._open_another()
            self._due = next(self._schedule, None)
        if self._due is None:
            self._ended.set()
        else:
            self._timer.set(max(self._due, now + _REST_S))

    def _ask(self, connection: Connection, due: float, now: float) -> None:
        self._record.late += due >= self._record.starts and now - due > _LATE_S
        connection.send(next(self._requests), due)

    def _use(self, connection: Connection) -> None:
        if self._waiting:
            self._ask(connection, self._waiting.popleft(), time.perf_counter())
        else:
            self._idle.append(connection)

    def _open_another(self) -> None:
        if len(self._open) + len(self._connecting) < self._limit:
            task = asyncio.get_running_loop().create_task(connect(self, self._port))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    def _outstanding(self) -> int:
        return len(self._waiting) + sum(connection.is_busy for connection in self._open)


async def _wait_for_answers(outstanding: Callable[[], int], patience_s: float) -> int:
    deadline = time.perf_counter() + patience_s
    while outstanding() and time.perf_counter() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.01)  # an event would cost every answer a look
    return outstanding()

"""`Crowd`: clients of which half are killed at random moments, again and again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

from benchmarks.connections import Connection, connect
from benchmarks.http_answers import Answer
from benchmarks.load_requests import fresh_seed_requests, post_request

# Long enough to be killed before, during and after the work on most requests.
_LONGEST_LIFE_S = 0.2
_ZIP_IMAGES = 16


class Crowd:
    """Half ask again as soon as they are answered; the other half are reset mid-flight."""

    def __init__(self, port: int, path: str, seed: int) -> None:
        self.answers = 0
        self.refused = 0
        self.killed_waiting = 0
        self.lost = 0  # connections of the patient that broke: the server's doing
        self._port = port
        self._path = path
        self._random = random.Random(seed)
        self._singles: Iterator[bytes] = fresh_seed_requests(path, port)
        self._doomed: set[Connection] = set()
        self._open: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._has_ended = False

    async def run(self, count: int, seconds: float) -> None:
        """Keep `count` clients at it."""
        for _ in range(count):
            await connect(self, self._port)
        await asyncio.sleep(seconds)
        self._has_ended = True
        connecting = list(self._tasks)
        for task in connecting:
            task.cancel()
        await asyncio.gather(*connecting, return_exceptions=True)
        # Those that wait now are killed as well: the end of the run is one more crash.
        for connection in list(self._open):
            connection.reset()
        await asyncio.sleep(0.1)

    def on_ready(self, connection: Connection) -> None:
        """Make every other newcomer one that will be killed, so that half always are."""
        self._open.add(connection)
        if len(self._doomed) * 2 < len(self._open):
            self._doomed.add(connection)
            life_s = self._random.uniform(0, _LONGEST_LIFE_S)
            asyncio.get_running_loop().call_later(life_s, self._kill, connection)
        self._ask(connection)

    def on_answer(self, connection: Connection, answer: Answer) -> None:
        """Ask again."""
        self.answers += 1
        self.refused += answer.status != 200
        if connection.is_open:
            self._ask(connection)

    def on_lost(self, connection: Connection) -> None:
        """Send another in its place."""
        self._open.discard(connection)
        if self._has_ended:
            return
        if connection not in self._doomed:
            self.lost += 1
        self._doomed.discard(connection)
        task = asyncio.get_running_loop().create_task(connect(self, self._port))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _ask(self, connection: Connection) -> None:
        request = next(self._singles)
        if connection in self._doomed:
            choice = self._random.random()
            if choice < 0.25:  # dies while it still speaks
                request = request[: self._random.randrange(1, len(request))]
            elif choice < 0.5:
                seed = self._random.randrange(2**40)
                body = f'{{"n":{_ZIP_IMAGES},"seed":{seed},"layout":"zip"}}'
                request = post_request(self._path, self._port, body)
        connection.send(request, 0.0)

    def _kill(self, connection: Connection) -> None:
        self.killed_waiting += connection.is_busy and connection.is_open
        connection.reset()

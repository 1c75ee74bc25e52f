"""`InversionProcess`: searches for latents in a process that gets only idle time.

Messages are framed JSON, never pickles: `inversion_worker` is the other end.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

from app.framing import LENGTH, frame
from app.job import InversionOrder

Report: TypeAlias = dict[str, Any]


class InversionProcess:
    """The service's end: what to search for goes in, reports come out.

    A report names its `job` and holds `progress` and `psnr_db`, with `z` and `label` once it is
    done, or `fault` if it failed.
    """

    def __init__(self, device: str) -> None:
        """Start it; OSError if that cannot be done."""
        self._socket, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            command = [sys.executable, "-m", "app.inversion_worker", str(number), device]
            try:
                self._process = subprocess.Popen(command, pass_fds=[number])
            except OSError:
                self._socket.close()
                raise
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self) -> None:
        """Open this end; before that nothing can be sent."""
        self._reader, self._writer = await asyncio.open_connection(sock=self._socket)

    async def listen(self, take: Callable[[Report], None]) -> None:
        """Hand each report to `take` until the process has ended."""
        assert self._reader is not None  # it is connected
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await self._reader.readexactly(LENGTH.size)
                take(json.loads(await self._reader.readexactly(*LENGTH.unpack(head))))

    def start(self, job: str, order: InversionOrder) -> None:
        """Have it search."""
        observation = order.observation
        self._send(
            job=job,
            path=str(order.path),
            digest=order.digest,
            shape=observation.pixels.shape,
            pixels=base64.b64encode(observation.pixels.tobytes()).decode(),
            known=base64.b64encode(observation.known.tobytes()).decode(),
            factor=observation.factor,
            options={
                "task": order.task,
                "label": order.label,
                "steps": order.steps,
                "restarts": order.restarts,
                "seed": order.seed,
                "max_magnitude": order.max_magnitude,
                "realism": order.realism,
            },
        )

    def cancel(self, job: str) -> None:
        """Have it give a search up."""
        self._send(job=job)

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._socket.close()
        self.kill()
        self._process.wait()

    def kill(self) -> None:
        """End the process; whoever listens sees it end."""
        self._process.kill()

    def _send(self, **message: Any) -> None:
        assert self._writer is not None  # it is connected
        if not self._writer.is_closing():
            self._writer.write(frame(json.dumps(message).encode()))


async def open_process(device: str) -> InversionProcess:
    """Start one and connect to it; it does not outlive a failure of that."""
    process = InversionProcess(device)
    try:
        await process.connect()
    except BaseException:
        process.close()
        raise
    return process

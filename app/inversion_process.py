"""`InversionProcess`: searches for latents in a process that gets only idle time.

It runs whatever searches it is given side by side, a few steps of each in turn, on one thread,
and looks for messages in between: a long search delays no short one, and none outlives its
cancellation by more than a moment. Messages are framed JSON, never pickles.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeAlias

import numpy as np
import torch

from app.framing import LENGTH, frame, read_frame
from app.job import InversionOrder
from model.checkpoint import read_checkpoint
from model.inference import choose_device, require_exact_kernels
from model.inversion import DifferentiableGenerator, Inversion, InversionOptions
from model.observation import Observation

Report: TypeAlias = dict[str, Any]

_STEPS_A_TURN = 5
_NICENESS = 19


class InversionProcess:
    """The service's end: what to search for goes in, reports come out.

    A report names its `job` and holds `progress` and `psnr_db`, with `z` and `label` once it is
    done, or `fault` if it failed.
    """

    def __init__(self, device: str) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            command = [sys.executable, "-m", "app.inversion_process", str(number), device]
            self._process = subprocess.Popen(command, pass_fds=[number])
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


class _Searches:
    """The process' own end: the searches that run, by job."""

    def __init__(self, pipe: socket.socket, device: str) -> None:
        self._pipe = pipe
        self._device = device
        self._running: dict[str, Inversion] = {}
        self._generators: dict[str, DifferentiableGenerator] = {}

    def run(self, messages: SimpleQueue[bytes | None]) -> None:
        """Search and obey until None comes."""
        while True:
            while not self._running or not messages.empty():
                message = messages.get()
                if message is None:
                    return
                self._obey(json.loads(message))
            for job in list(self._running):
                self._attempt(job, self._advance)

    def _obey(self, message: dict[str, Any]) -> None:
        job = message["job"]
        if "path" in message:
            self._attempt(job, lambda job: self._begin(job, message))
        else:
            self._running.pop(job, None)

    def _attempt(self, job: str, work: Callable[[str], None]) -> None:
        """Do `work` for one search; if it fails, it alone ends."""
        try:
            work(job)
        except OSError:
            raise  # the service is gone
        except Exception as error:
            self._running.pop(job, None)
            self._report(job=job, fault=str(error))

    def _begin(self, job: str, message: dict[str, Any]) -> None:
        generator = self._load(message["path"], message["digest"])
        shape = message["shape"]
        pixels = np.frombuffer(base64.b64decode(message["pixels"]), np.uint8).reshape(shape)
        known = np.frombuffer(base64.b64decode(message["known"]), np.bool_).reshape(shape[:2])
        # Copies, as torch wants tensors that it may write to.
        observation = Observation(pixels.copy(), known.copy(), message["factor"])
        options = InversionOptions(**message["options"])
        self._running[job] = Inversion(generator, observation, options)

    def _load(self, path: str, digest: str) -> DifferentiableGenerator:
        """Return the generator of that digest, which is read once."""
        if digest not in self._generators:
            checkpoint = read_checkpoint(Path(path))
            if checkpoint.digest != digest:
                raise ValueError("the checkpoint's file has changed since it is served")
            self._generators[digest] = DifferentiableGenerator(checkpoint, self._device)
        return self._generators[digest]

    def _advance(self, job: str) -> None:
        search = self._running[job]
        search.advance(_STEPS_A_TURN)
        found = search.best
        report: Report = {"job": job, "progress": search.progress, "psnr_db": found.psnr_db}
        if search.is_done:
            del self._running[job]
            report |= {"z": found.z.tolist(), "label": found.label}
        self._report(**report)

    def _report(self, **report: Any) -> None:
        self._pipe.sendall(frame(json.dumps(report).encode()))


def main() -> None:
    """Search on behalf of the socket in the command line, until it is closed."""
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_IGN)  # for the service, which ends this itself
    _yield_to_others()
    device = choose_device(sys.argv[2])
    if device == "cpu":
        torch.set_num_threads(1)
    else:
        require_exact_kernels()
    pipe = socket.socket(fileno=int(sys.argv[1]))
    messages: SimpleQueue[bytes | None] = SimpleQueue()
    threading.Thread(target=_read_all, args=(pipe, messages), daemon=True).start()
    with contextlib.suppress(OSError):
        _Searches(pipe, device).run(messages)


def _read_all(pipe: socket.socket, messages: SimpleQueue[bytes | None]) -> None:
    """Queue what comes, and None once the other end is gone."""
    with contextlib.suppress(EOFError, OSError), pipe.makefile("rb") as file:
        while True:
            messages.put(read_frame(file))
    messages.put(None)


def _yield_to_others() -> None:
    """Run only when nothing else wants the core: whoever waits for an image comes first."""
    os.nice(_NICENESS)
    if hasattr(os, "SCHED_IDLE"):
        with contextlib.suppress(OSError):  # a sandbox may forbid it
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


if __name__ == "__main__":
    main()

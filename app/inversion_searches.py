"""`Searches`: any number of searches for latents, side by side on one thread.

A few steps of each in turn, and messages are read in between: a long search delays no short
one, and none outlives its cancellation by more than a moment.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import torch

from app.framing import frame, read_frame
from model.checkpoint import read_checkpoint
from model.inference import choose_device, require_exact_kernels
from model.inversion import DifferentiableGenerator, Inversion, InversionOptions
from model.observation import Observation

_STEPS_A_TURN = 5


class Searches:
    """The searches that run, by job, and what they read."""

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
        report = {"job": job, "progress": search.progress, "psnr_db": found.psnr_db}
        if search.is_done:
            del self._running[job]
            report |= {"z": found.z.tolist(), "label": found.label}
        self._report(**report)

    def _report(self, **report: Any) -> None:
        self._pipe.sendall(frame(json.dumps(report).encode()))


def serve(pipe: socket.socket, device: str) -> None:
    """Search on behalf of the other end of `pipe`, until it is closed."""
    device = choose_device(device)
    require_exact_kernels()
    torch.set_num_threads(1)
    messages: SimpleQueue[bytes | None] = SimpleQueue()
    threading.Thread(target=_read_all, args=(pipe, messages), daemon=True).start()
    with contextlib.suppress(OSError):
        Searches(pipe, device).run(messages)


def _read_all(pipe: socket.socket, messages: SimpleQueue[bytes | None]) -> None:
    """Queue what comes, and None once the other end is gone."""
    with contextlib.suppress(EOFError, OSError), pipe.makefile("rb") as file:
        while True:
            messages.put(read_frame(file))
    messages.put(None)

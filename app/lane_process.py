"""`LaneProcess`: the engines of all models in a process that shares no lock of Python's.

A forward pass is some dozens of short calls. In one process with the event loop each of them
would wait for the interpreter's lock, and the loop for them.

Messages are bytes on a private socket, never pickles. The first, JSON, says what to load. A
request is a header, a byte for each encoding, z, and labels; one without rows asks for a
check. An answer begins with a byte: 1 and what was asked for, or 0 and what went wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from app.framing import frame, read_frame
from app.image_encoding import ImageFormat, load_encoders
from app.lane_connection import LaneConnection, LaneError, connect_lane
from app.lanes import Encoding, Judgement, Payload, RenderedBatch, render_batch
from model.checkpoint import Checkpoint, read_checkpoint
from model.inference import EngineFacts, InferenceEngine, InferenceError
from model.judge import Judge, make_judge
from model.latents import Latents
from model.spec import GeneratorSpec

_ENCODINGS: tuple[Encoding, ...] = (None, *ImageFormat, *Judgement)
_Model: TypeAlias = tuple[InferenceEngine, Judge | None]
_REQUEST = struct.Struct("<III")  # model, rows, z_dim
_TIMES = struct.Struct("<dd")  # forward_s, encode_s
_NICENESS = 10
_LINGER_S = 0.001


class LaneProcess:
    """A process that renders a batch at a time. It ends with this one, however that ends."""

    def __init__(self, paths: Sequence[Path], options: dict[str, Any]) -> None:
        """Start to load the checkpoints; `options` are those of InferenceEngine."""
        self._socket, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            command = [sys.executable, "-m", "app.lane_process", str(number)]
            self._process = subprocess.Popen(command, pass_fds=[number])
        order = {"paths": [str(path) for path in paths], "options": options}
        self._socket.sendall(frame(json.dumps(order).encode()))
        self._turn = asyncio.Lock()
        self._connection: LaneConnection | None = None

    def wait(self) -> list[EngineFacts]:
        """Block until it is ready; return what each engine says of itself. Raises LaneError."""
        try:
            with self._socket.makefile("rb") as file:
                answer = _check(read_frame(file))
        except (EOFError, OSError) as error:
            raise LaneError("the process of a lane ended while it started") from error
        return [
            EngineFacts(**{**facts, "batch_shapes": tuple(facts["batch_shapes"])})
            for facts in json.loads(bytes(answer))
        ]

    async def ask(self, message: bytes) -> memoryview:
        """Send a message when it is this one's turn and return the answer; raises LaneError."""
        async with self._turn:
            if self._connection is None:
                self._connection = await connect_lane(self._socket)
            return _check(await self._connection.ask(message))

    def is_alive(self) -> bool:
        """Whether the process runs."""
        if self._connection is None:
            return self._process.poll() is None
        # Every request asks, so it must cost no system call: a process that ends closes its end.
        return not self._connection.has_ended

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._connection is not None:
            self._connection.close()
        self._socket.close()
        self._process.kill()
        self._process.wait()


class ProcessLane:
    """One model in a lane's process."""

    def __init__(self, process: LaneProcess, model: int, spec: GeneratorSpec) -> None:
        self._process = process
        self._model = model
        self._image_shape = spec.pixels_shape

    async def render(self, latents: Latents, encodings: Sequence[Encoding]) -> RenderedBatch:
        """Have the rows rendered and encoded; raises LaneError."""
        answer = await self._process.ask(_write_request(self._model, latents, encodings))
        return _read_batch(answer, encodings, self._image_shape)

    async def check_golden(self) -> None:
        """Have the golden seeds checked; raises LaneError if they are not as at the start."""
        await self._process.ask(_REQUEST.pack(self._model, 0, 0))

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.is_alive()

    def close(self) -> None:
        """End the process, for the other models too."""
        self._process.close()


def main() -> None:
    """Answer on the socket of the number in the command line, until it is closed."""
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_IGN)  # for the service, which drains first
    # The event loop comes first: what it cannot read it cannot refuse either.
    os.nice(_NICENESS)
    pipe = socket.socket(fileno=int(sys.argv[1]))
    requests = pipe.makefile("rb")
    with contextlib.suppress(EOFError, OSError):
        order = json.loads(read_frame(requests))
        models = _answer(pipe, partial(_load, order["paths"], order["options"]), _describe)
        gc.freeze()  # or a full collection walks through all of torch, for 0.1 s at a time
        while models:
            _linger(pipe)
            message = read_frame(requests)
            _answer(pipe, partial(_obey, models, message), bytes)


def _linger(pipe: socket.socket) -> None:
    """Look out for the next request for a moment: to wake up would take longer than to look."""
    ends_s = time.perf_counter() + _LINGER_S
    watch = select.poll()
    watch.register(pipe, select.POLLIN)
    while not watch.poll(0) and time.perf_counter() < ends_s:
        os.sched_yield()


def _obey(models: list[_Model], message: bytes) -> bytes:
    """Do what a message asks for and return the answer."""
    number, rows, z_dim = _REQUEST.unpack_from(message)
    engine, judge = models[number]
    if not rows:
        engine.check_golden()
        return b""
    return _write_batch(render_batch(engine, *_read_request(message, rows, z_dim), judge))


def load_engine(path: Path, checkpoint: Checkpoint, **options: Any) -> InferenceEngine:
    """Make the engine of a checkpoint; InferenceError names its file."""
    try:
        return InferenceEngine(checkpoint, **options)
    except RuntimeError as error:  # InferenceError, or torch's own
        raise InferenceError(f"{path}: {error}") from error


def _load(paths: list[str], options: dict[str, Any]) -> list[_Model]:
    load_encoders()
    return [_load_model(Path(path), options) for path in paths]


def _load_model(path: Path, options: dict[str, Any]) -> _Model:
    checkpoint = read_checkpoint(path)
    return load_engine(path, checkpoint, **options), make_judge(checkpoint)


def _answer(pipe: socket.socket, work: Callable[[], Any], write: Callable[[Any], bytes]) -> Any:
    """Send what comes of `work`, and return it; None if it failed."""
    try:
        result = work()
        answer = b"\1" + write(result)
    except Exception as error:
        result, answer = None, b"\0" + str(error).encode("utf-8", "replace")
    pipe.sendall(frame(answer))
    return result


def _check(answer: bytes | memoryview) -> memoryview:
    """Return what was asked for, or raise LaneError with what went wrong."""
    if not answer[0]:
        raise LaneError(bytes(answer[1:]).decode())
    return memoryview(answer)[1:]


def _describe(models: list[_Model]) -> bytes:
    return json.dumps([dataclasses.asdict(engine.facts) for engine, _ in models]).encode()


def _write_request(model: int, latents: Latents, encodings: Sequence[Encoding]) -> bytes:
    codes = bytes(_ENCODINGS.index(encoding) for encoding in encodings)
    labels = b"" if latents.labels is None else latents.labels.astype("<i8").tobytes()
    z = latents.z.astype("<f4", copy=False)
    return b"".join([_REQUEST.pack(model, *z.shape), codes, z.tobytes(), labels])


def _read_request(message: bytes, rows: int, z_dim: int) -> tuple[Latents, list[Encoding]]:
    at = _REQUEST.size
    encodings = [_ENCODINGS[code] for code in message[at : at + rows]]
    at += rows
    # Copies, as torch wants tensors that it may write to.
    z = np.frombuffer(message, "<f4", rows * z_dim, at).reshape(rows, z_dim).copy()
    at += z.nbytes
    labels = np.frombuffer(message, "<i8", rows, at).copy() if at < len(message) else None
    return Latents(z, labels), encodings


def _write_batch(batch: RenderedBatch) -> bytes:
    parts = [item if isinstance(item, bytes) else item.tobytes() for item in batch.payloads]
    lengths = np.array([len(part) for part in parts], "<u4").tobytes()
    return b"".join([_TIMES.pack(batch.forward_s, batch.encode_s), lengths, *parts])


def _read_batch(
    answer: memoryview, encodings: Sequence[Encoding], image_shape: tuple[int, ...]
) -> RenderedBatch:
    at = _TIMES.size
    lengths = np.frombuffer(answer, "<u4", len(encodings), at)
    at += lengths.nbytes
    payloads: list[Payload] = []
    for encoding, length in zip(encodings, lengths.tolist(), strict=True):
        data = bytes(answer[at : at + length])
        at += length
        is_file = encoding is not None
        payloads.append(data if is_file else np.frombuffer(data, np.uint8).reshape(image_shape))
    return RenderedBatch(payloads, *_TIMES.unpack_from(answer))


if __name__ == "__main__":
    main()

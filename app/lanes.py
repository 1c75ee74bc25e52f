"""`Lane`: one place where batches are rendered and encoded, one at a time."""

from __future__ import annotations

import asyncio
import struct
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum
from functools import partial
from queue import SimpleQueue
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.image_encoding import ImageFormat, encode_image
from model.latents import Latents


class Judgement(Enum):
    """What an image can be written as that is no picture."""

    LOGIT = "logit"  # of the model's judge, float32, little-endian


# A file in this format, a judgement, or None for the pixels themselves.
Encoding: TypeAlias = ImageFormat | Judgement | None
Payload: TypeAlias = bytes | NDArray[np.uint8]

_LOGIT = struct.Struct("<f")


@dataclass(frozen=True)
class RenderedBatch:
    """One file, judgement, or uint8 (h, w, c), for each row, and how long it took."""

    payloads: list[Payload]
    forward_s: float
    encode_s: float


class Lane(Protocol):
    """What a batcher gives its batches to, one after the other."""

    async def render(self, latents: Latents, encodings: Sequence[Encoding]) -> RenderedBatch:
        """Render (n, z_dim) latents and encode each row; raises whatever went wrong."""

    async def check_golden(self) -> None:
        """Raise if the golden seeds no longer render as at the start."""

    def is_alive(self) -> bool:
        """Whether it can still render."""

    def close(self) -> None:
        """Let go of what it holds."""


class PixelGenerator(Protocol):
    """What a lane runs; `model.inference.InferenceEngine` is one."""

    def generate_pixels(self, latents: Latents) -> NDArray[np.uint8]:
        """Render `latents` as pixels (n, h, w, c)."""

    def check_golden(self) -> None:
        """Raise if the golden seeds no longer render as at the start."""


class ImageJudge(Protocol):
    """What a lane judges images by; `model.judge.Judge` is one."""

    def logit(self, pixels: NDArray[np.uint8], label: int | None) -> float:
        """Judge pixels (h, w, c) of a class."""


class LocalLane:
    """A thread of this process. Several lanes may share a generator and a judge that allow it."""

    def __init__(self, generator: PixelGenerator, judge: ImageJudge | None = None) -> None:
        self._generator = generator
        self._judge = judge
        self._work: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        # A daemon, unlike an executor's: a pass that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="lane", daemon=True)
        self._thread.start()

    async def render(self, latents: Latents, encodings: Sequence[Encoding]) -> RenderedBatch:
        """Render on the lane's thread."""
        work = partial(render_batch, self._generator, latents, encodings, self._judge)
        batch: RenderedBatch = await self._do(work)
        return batch

    async def check_golden(self) -> None:
        """Check on the lane's thread."""
        await self._do(self._generator.check_golden)

    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def close(self) -> None:
        """End the thread once it has done what it does."""
        self._work.put(None)

    async def _do(self, work: Callable[[], Any]) -> Any:
        future: Future[Any] = Future()
        self._work.put((work, future))
        return await asyncio.wrap_future(future)

    def _run(self) -> None:
        while item := self._work.get():
            work, future = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)


def render_batch(
    generator: PixelGenerator,
    latents: Latents,
    encodings: Sequence[Encoding],
    judge: ImageJudge | None = None,
) -> RenderedBatch:
    """Render and encode or judge each row on the calling thread."""
    started_s = time.perf_counter()
    pixels = generator.generate_pixels(latents)
    rendered_s = time.perf_counter()
    if len(pixels) != len(latents):
        raise RuntimeError(f"{len(latents)} rows went in, {len(pixels)} came out")
    labels = [None] * len(latents) if latents.labels is None else latents.labels.tolist()
    payloads: list[Payload] = []
    for image, encoding, label in zip(pixels, encodings, labels, strict=True):
        if isinstance(encoding, Judgement):
            payloads.append(_judge(judge, image, label))
        else:
            payloads.append(image if encoding is None else encode_image(image, encoding))
    ended_s = time.perf_counter()
    return RenderedBatch(payloads, rendered_s - started_s, ended_s - rendered_s)


def read_logits(payloads: Sequence[Payload]) -> NDArray[np.float32]:
    """Read the payloads of rows that were judged, (n,)."""
    return np.array([_LOGIT.unpack(bytes(payload))[0] for payload in payloads], np.float32)


def _judge(judge: ImageJudge | None, image: NDArray[np.uint8], label: int | None) -> bytes:
    if judge is None:
        raise RuntimeError("this model cannot judge images")
    return _LOGIT.pack(judge.logit(image, label))

"""Generators that show what a batcher does with them, and batchers around them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.batching import Batcher, RenderedRows
from app.metrics import Metrics
from model.latents import Latents

LIMIT_S = 20


def rows(*numbers: int) -> Latents:
    return Latents(np.array(numbers, np.float32)[:, None])


def numbers(rendered: RenderedRows) -> list[int]:
    """Read back what the echo generator painted."""
    high, low = np.moveaxis(rendered.pixels[:, 0, 0].astype(int), -1, 0)
    return [int(number) for number in high * 256 + low]


class EchoGenerator:
    """Paints each row's own z, so that a swapped or doubled row is seen."""

    batch_shapes = (1, 2, 4, 8)

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def generate_pixels(self, latents: Latents) -> NDArray[np.uint8]:
        seen = latents.z[:, 0].astype(int)
        self.batches.append(seen.tolist())
        return np.stack([seen // 256, seen % 256], axis=-1).astype(np.uint8)[:, None, None]


class GatedGenerator(EchoGenerator):
    """Stops before each batch until it is let through."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)

    def generate_pixels(self, latents: Latents) -> NDArray[np.uint8]:
        self.entered.release()
        assert self.gate.acquire(timeout=LIMIT_S)
        return super().generate_pixels(latents)

    def wait_until_entered(self) -> None:
        assert self.entered.acquire(timeout=LIMIT_S)

    def let_through(self, batches: int = 1000) -> None:
        self.gate.release(batches)


class FailingGenerator(GatedGenerator):
    """Fails on a batch that holds a row from 1000 on, in the way that the row says."""

    def generate_pixels(self, latents: Latents) -> NDArray[np.uint8]:
        pixels = super().generate_pixels(latents)
        if 1000 in latents.z:
            raise RuntimeError("out of memory")
        if 1001 in latents.z:
            return pixels[1:]
        if 1002 in latents.z:
            raise SystemExit
        return pixels


def make_batcher(generator: EchoGenerator, capacity: int = 100) -> Batcher:
    batcher = Batcher(generator, capacity, Metrics().for_model("echo"))
    batcher.start()
    return batcher


@contextlib.contextmanager
def held_in_a_batch(generator: GatedGenerator) -> Iterator[Batcher]:
    """Run a batcher whose worker is held in a batch of the single row 0."""
    batcher = make_batcher(generator)
    batcher.enqueue(rows(0))
    generator.wait_until_entered()
    yield batcher
    generator.let_through()
    batcher.close(LIMIT_S)

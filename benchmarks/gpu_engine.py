"""The engine of `gpu`: PNGs by threads, and whether random batches give the bytes of one row."""

from __future__ import annotations

import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from benchmarks.report import Table
from model.checkpoint import Checkpoint
from model.generators import build_generator
from model.golden import Golden
from model.inference import InferenceEngine, InferenceError
from model.latents import sample_latents
from model.png import encode_png
from model.provenance import Provenance
from model.spec import GeneratorSpec

SPEC = GeneratorSpec("dcgan", 64, img_channels=3, z_dim=100, base_channels=64)
CORES = len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    device: torch.device
    batches: tuple[int, ...]
    precisions: tuple[str, ...]
    lanes: int
    images: int
    seconds: float


@dataclass(frozen=True)
class Files:
    """PNGs/s of some threads, each rendering and encoding batches of its own."""

    threads: int
    batch: int
    pngs_per_s: float
    mean_bytes: float


@dataclass(frozen=True)
class Exactness:
    """How many bytes of random batches differ from those of batches of one."""

    precision: str
    numeric_path: str
    batch_shapes: tuple[int, ...]
    psnr_db: float | None
    images: int
    differing_bytes: int


def make_checkpoint() -> Checkpoint:
    """Return smooth noise as a generator: every level of [-1, 1], files of a natural size."""
    random_numbers = torch.Generator().manual_seed(0)
    generator = build_generator(SPEC)
    hat = torch.tensor([0.25, 0.75, 0.75, 0.25])  # bilinear upsampling
    for layer in generator.modules():
        if isinstance(layer, nn.ConvTranspose2d):
            inputs, outputs, *side = layer.weight.shape
            smooth = torch.randn(inputs, outputs, 1, 1, generator=random_numbers) * hat.outer(hat)
            rough = torch.randn(inputs, outputs, *side, generator=random_numbers)
            taps = inputs if layer.stride == (1, 1) else inputs * 0.5
            layer.weight.data = (smooth + 0.2 * rough) * (2 / taps) ** 0.5
    return Checkpoint(SPEC, generator.state_dict(), Golden.unknown(SPEC), provenance=Provenance())


def _make_engine(precision: str, scale: Scale, most: int) -> InferenceEngine:
    return InferenceEngine(
        make_checkpoint(),
        device=str(scale.device),
        precision=precision,
        lanes=scale.lanes,
        max_batch_size=most,
        is_golden_checked=False,
    )


def measure_files(scale: Scale) -> list[Files]:
    """Go from seeds to PNGs in one process, as the service does, on more and more threads."""
    most = min(128, scale.batches[-1])
    engine = _make_engine("auto", scale, most)
    counts = sorted({1, 2, 4, 8, 16, CORES} & set(range(1, CORES + 1)))
    return [
        _measure_threads(engine, threads, batch, scale)
        for batch in (1, 8, 32, 128)
        if batch <= engine.facts.batch_shapes[-1]
        for threads in counts
    ]


def _measure_threads(engine: InferenceEngine, threads: int, batch: int, scale: Scale) -> Files:
    def work(thread: int) -> tuple[float, int, int]:
        count = size = 0
        started = now = time.perf_counter()
        while now - started < 2 * scale.seconds:
            first = thread * 10**9 + count
            pixels = engine.generate_pixels(sample_latents(SPEC, range(first, first + batch)))
            size += sum(len(encode_png(image)) for image in pixels)
            count += batch
            now = time.perf_counter()
        return count / (now - started), count, size

    with ThreadPoolExecutor(threads) as pool:
        rates, counts, sizes = zip(*pool.map(work, range(threads)), strict=True)
    return Files(threads, batch, sum(rates), sum(sizes) / sum(counts))


def measure_exactness(precision: str, scale: Scale) -> Exactness | None:
    """Compare shuffled seeds in batches of random sizes with each seed alone, on all lanes."""
    try:
        engine = _make_engine(precision, scale, min(256, scale.batches[-1]))
    except InferenceError as error:
        print(f"{precision} is left out: {error}", file=sys.stderr)
        return None
    rng = random.Random(1)
    seeds = rng.sample(range(scale.images), scale.images)
    batches = []
    at = 0
    while at < len(seeds):
        size = rng.randint(1, engine.facts.batch_shapes[-1])
        batches.append(seeds[at : at + size])
        at += size

    def differing(batch: list[int]) -> int:
        latents = sample_latents(SPEC, batch)
        together = engine.generate_pixels(latents)
        alone = [engine.generate_pixels(latents.rows(row, row + 1)) for row in range(len(batch))]
        return int((together != np.concatenate(alone)).sum())

    with ThreadPoolExecutor(scale.lanes) as pool:
        different = sum(pool.map(differing, batches))
    facts = engine.facts
    return Exactness(
        *(precision, facts.numeric_path, facts.batch_shapes, facts.psnr_db),
        *(len(seeds), different),
    )


def files_table(files: list[Files]) -> Table:
    """Lay out the PNGs."""
    rows = [
        (str(f.batch), str(f.threads), f"{f.pngs_per_s:.0f}", f"{f.mean_bytes:.0f}") for f in files
    ]
    return Table("Seeds to PNGs", ("batch", "threads", "PNGs/s", "bytes a PNG"), rows)


def exactness_table(exactness: list[Exactness | None]) -> Table:
    """Lay out the comparisons that could be made."""
    rows = [
        (
            item.precision,
            str(item.images),
            str(item.differing_bytes),
            " ".join(map(str, item.batch_shapes)),
            "-" if item.psnr_db is None else f"{item.psnr_db:.1f}",
        )
        for item in exactness
        if item is not None
    ]
    columns = ("precision", "images", "differing bytes", "shapes that agree", "dB from float32")
    return Table("Random batches against batches of one", columns, rows)

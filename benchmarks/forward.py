"""The bare forward pass: images/s by path, batch and threads, against the machine's limit.

    python -m benchmarks.forward

No server can make more images than the best of these; `bulk` and `serving` compare with it. The
limit is what the machine's matrix product would give if a generator were nothing else.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

import numpy as np
import torch
from torch import Tensor

from benchmarks.forward_paths import Path, build_paths
from benchmarks.peer_checkpoint import SPEC
from benchmarks.report import Report, Table, report_parser
from model.pixels import to_pixels
from model.png import encode_png

_CORES = len(os.sched_getaffinity(0))
_PRODUCT_SIDE = 2048


@dataclass(frozen=True)
class Mode:
    """How many threads a pass has, and how many passes run at once."""

    name: str
    threads: int
    lanes: int


@dataclass(frozen=True)
class Point:
    """One path at one batch in one mode."""

    path: str
    mode: str
    batch: int
    images_per_s: float


@dataclass(frozen=True)
class OneImage:
    """One image from its latent to its PNG."""

    path: str
    mode: str
    forward_ms: float
    png_ms: float  # with the forward pass


_MODES = (
    Mode("one thread", 1, 1),
    Mode("all threads", _CORES, 1),
    Mode("a lane a core", 1, _CORES),
)


def main() -> None:
    """Measure all, print what is best."""
    arguments = report_parser(__doc__).parse_args()
    batches = (1, 8, 32) if arguments.quick else (1, 2, 4, 8, 16, 32, 64)
    seconds, turns = (0.15, 1) if arguments.quick else (0.4, 3)
    paths = build_paths()
    limits = _limits(seconds)
    points = [
        _measure(name, path, mode, batch, seconds, turns)
        for batch in batches
        for mode in _MODES
        for name, path in paths.items()
    ]
    singles = [
        _measure_one(name, path, mode, max(seconds, 0.3))
        for mode in _MODES
        if mode.lanes == 1
        for name, path in paths.items()
    ]
    best = max(points, key=lambda point: point.images_per_s)
    one = min(singles, key=lambda single: single.png_ms)
    tables = [
        *(_points_table(mode, batches, points) for mode in _MODES),
        _singles_table(singles),
        _limits_table(limits),
        Table(
            "The best",
            ("what", "path", "figure"),
            [
                ("best bare forward", _describe(best), f"{best.images_per_s:.0f} images/s"),
                ("one image to its PNG", f"{one.path}, {one.mode}", f"{one.png_ms:.2f} ms"),
            ],
        ),
    ]
    figures = {"points": points, "singles": singles, "limits": limits, "best": best, "one": one}
    Report("Bare forward pass", tables, figures).publish(arguments)


@torch.inference_mode()
def _measure(name: str, path: Path, mode: Mode, batch: int, seconds: float, turns: int) -> Point:
    rates = []
    for _ in range(turns):
        with ThreadPoolExecutor(mode.lanes) as lanes:
            z = torch.randn(batch, SPEC.z_dim)
            work = [
                lanes.submit(_repeat, path, z, mode.threads, seconds) for _ in range(mode.lanes)
            ]
            rates.append(sum(lane.result() for lane in work) * batch)
    return Point(name, mode.name, batch, median(rates))


@torch.inference_mode()
def _repeat(path: Path, z: Tensor, threads: int, seconds: float) -> float:
    """Return passes a second; the first, which prepares kernels, is not counted."""
    torch.set_num_threads(threads)
    path(z)
    count = 0
    started = now = time.perf_counter()
    while now - started < seconds:
        path(z)
        count += 1
        now = time.perf_counter()
    return count / (now - started)


@torch.inference_mode()
def _measure_one(name: str, path: Path, mode: Mode, seconds: float) -> OneImage:
    torch.set_num_threads(mode.threads)
    z = torch.randn(1, SPEC.z_dim)
    forward_ms = _median_ms(lambda: path(z), seconds)
    png_ms = _median_ms(lambda: encode_png(np.asarray(to_pixels(path(z)))[0]), seconds)
    return OneImage(name, mode.name, forward_ms, png_ms)


def _median_ms(call: Callable[[], object], seconds: float) -> float:
    call()
    times = []
    ends = time.perf_counter() + seconds
    while (started := time.perf_counter()) < ends:
        call()
        times.append(time.perf_counter() - started)
    return median(times) * 1000


def _limits(seconds: float) -> dict[str, float]:
    """Return images/s that the matrix product of each type would give."""
    torch.set_num_threads(_CORES)
    side = _PRODUCT_SIDE
    floats = torch.randn(side, side)
    halves = floats.bfloat16()
    products: dict[str, Callable[[], object]] = {
        "float32": lambda: floats @ floats,
        "bfloat16": lambda: halves @ halves,
    }
    if hasattr(torch, "_int_mm"):
        integers = torch.randint(-127, 128, (side, side), dtype=torch.int8)
        products["int8"] = lambda: torch._int_mm(integers, integers)
    per_s = {name: 1000 / _median_ms(product, seconds) for name, product in products.items()}
    return {name: rate * side**3 / multiply_adds() for name, rate in per_s.items()}


def multiply_adds() -> int:
    """Count the multiplications of one image."""
    kernel = 16
    width = SPEC.base_channels * 8
    total = SPEC.z_dim * width * kernel
    for side in (4, 8, 16):
        total += side**2 * width * (width // 2) * kernel
        width //= 2
    return total + 32**2 * width * SPEC.img_channels * kernel


def _points_table(mode: Mode, batches: tuple[int, ...], points: list[Point]) -> Table:
    rates = {(p.path, p.batch): p.images_per_s for p in points if p.mode == mode.name}
    rows = [
        (path, *(f"{rates[path, batch]:.0f}" for batch in batches))
        for path in dict.fromkeys(point.path for point in points)
    ]
    return Table(f"Images/s, {mode.name}", ("path", *(f"batch {b}" for b in batches)), rows)


def _singles_table(singles: list[OneImage]) -> Table:
    rows = [(s.path, s.mode, f"{s.forward_ms:.2f}", f"{s.png_ms:.2f}") for s in singles]
    return Table("One image, ms", ("path", "threads", "forward", "forward and PNG"), rows)


def _limits_table(limits: dict[str, float]) -> Table:
    title = f"The limit: a product of {_PRODUCT_SIDE} x {_PRODUCT_SIDE} matrices, all threads"
    flops = 2 * multiply_adds() / 1e9
    rows = [(name, f"{rate * flops:.0f}", f"{rate:.0f}") for name, rate in limits.items()]
    return Table(title, ("type", "GFLOP/s", "images/s"), rows)


def _describe(point: Point) -> str:
    return f"{point.path}, {point.mode}, batch {point.batch}"


if __name__ == "__main__":
    main()

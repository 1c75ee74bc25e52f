"""A GPU: forward passes by batch and precision, PNGs by threads, and whether bytes stay equal.

    python -m benchmarks.gpu --json gpu.json
    python -m benchmarks.gpu --device cpu --quick

Needs nothing but what the package itself needs: no server, no web framework, no data set. The
generator is a DCGAN of 64 x 64 with 64 base channels and fixed random weights.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from benchmarks.gpu_engine import (
    CORES,
    SPEC,
    Scale,
    exactness_table,
    files_table,
    make_checkpoint,
    measure_exactness,
    measure_files,
)
from benchmarks.report import Report, Table, report_parser
from model.cuda_graphs import GraphedGenerator
from model.floating import FloatGenerator
from model.folding import fold_batch_norm
from model.generators import build_generator
from model.inference import require_exact_kernels
from model.latents import sample_latents
from model.recorders import make_recorders

_PRECISIONS = ("float32", "float16", "bfloat16")
# Passes between two waits for the device: none of them is measured as launched but not run.
_PASSES = 16


@dataclass(frozen=True)
class Point:
    """Images/s of one way to run one precision at one batch shape."""

    precision: str
    way: str
    batch: int
    images_per_s: float


def main() -> int:
    """Measure and print; 1 where there is no device to measure."""
    parser = report_parser(__doc__)
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N or, to try it, cpu")
    parser.add_argument("--lanes", type=int, default=min(CORES, 8), help="passes at once")
    parser.add_argument("--most", type=int, default=1024, help="rows of the largest batch")
    parser.add_argument("--images", type=int, default=20_000, help="images that are compared")
    arguments = parser.parse_args()
    if arguments.device != "cpu" and not torch.cuda.is_available():
        print("no CUDA device is usable here; --device cpu --quick tries the benchmark itself")
        return 1
    require_exact_kernels()
    scale = _choose_scale(arguments)
    facts = _device_facts(scale.device)
    points = [point for precision in scale.precisions for point in _forward(precision, scale)]
    files = measure_files(scale)
    exactness = [measure_exactness(precision, scale) for precision in scale.precisions]
    tables = [
        Table("Device", ("what", "value"), [*facts.items()]),
        _forward_table(points, scale),
        files_table(files),
        exactness_table(exactness),
    ]
    figures = {"device": facts, "forward": points, "files": files, "exactness": exactness}
    Report("GPU", tables, figures).publish(arguments)
    return 0


def _choose_scale(arguments: argparse.Namespace) -> Scale:
    is_quick, device = arguments.quick, torch.device(arguments.device)
    most = min(arguments.most, 4) if is_quick and device.type == "cpu" else arguments.most
    return Scale(
        device=device,
        batches=tuple(1 << power for power in range(most.bit_length())),
        # A CPU computes float16 at a crawl.
        precisions=("float32", "bfloat16") if device.type == "cpu" else _PRECISIONS,
        lanes=arguments.lanes,
        images=min(arguments.images, 48) if is_quick else arguments.images,
        seconds=0.05 if is_quick else 0.5,
    )


def _device_facts(device: torch.device) -> dict[str, str]:
    facts = {
        "torch": torch.__version__,
        "CUDA": str(torch.version.cuda),
        "cuDNN": str(torch.backends.cudnn.version()),
    }
    if device.type == "cpu":
        return {"device": "cpu", **facts}
    properties = torch.cuda.get_device_properties(device)
    return {
        "device": properties.name,
        "compute capability": f"{properties.major}.{properties.minor}",
        "multiprocessors": str(properties.multi_processor_count),
        "memory": f"{properties.total_memory / 2**30:.0f} GiB",
        **facts,
    }


@torch.inference_mode()
def _forward(precision: str, scale: Scale) -> list[Point]:
    """Measure plain passes on the device, the same with copies, and recorded ones."""
    device = scale.device
    network = build_generator(SPEC).eval().requires_grad_(False)
    network.load_state_dict(dict(make_checkpoint().weights))
    plain = FloatGenerator(fold_batch_norm(network), device, getattr(torch, precision))
    graphed = GraphedGenerator(plain, SPEC, scale.batches, make_recorders(device, scale.lanes))
    points = []
    for batch in scale.batches:
        z = torch.from_numpy(sample_latents(SPEC, range(batch)).z)
        ways: dict[str, tuple[Callable[[], object], int]] = {
            "plain, on the device": (partial(plain.pixels, z.to(device), None), 1),
            "plain, host to host": (partial(_through_device, plain, z, device), 1),
            "graph, host to host": (partial(graphed.pixels, z, None), 1),
            f"graph, {scale.lanes} lanes": (partial(graphed.pixels, z, None), scale.lanes),
        }
        for way, (render, lanes) in ways.items():
            per_s = batch * _measure_rate(render, lanes, scale)
            points.append(Point(precision, way, batch, per_s))
    return points


def _through_device(path: FloatGenerator, z: Tensor, device: torch.device) -> Tensor:
    return path.pixels(z.to(device), None).cpu()


def _measure_rate(render: Callable[[], object], lanes: int, scale: Scale) -> float:
    """Return renders a second of `lanes` threads together."""

    @torch.inference_mode()
    def repeat(_: int) -> float:
        render()
        _wait(scale.device)
        count = 0
        started = now = time.perf_counter()
        while now - started < scale.seconds:
            for _ in range(_PASSES if scale.device.type == "cuda" else 1):
                render()
                count += 1
            _wait(scale.device)
            now = time.perf_counter()
        return count / (now - started)

    with ThreadPoolExecutor(lanes) as threads:
        return sum(threads.map(repeat, range(lanes)))


def _wait(device: torch.device) -> None:
    """Wait for this thread's stream only: other lanes are to run on."""
    if device.type == "cuda":
        torch.cuda.current_stream(device).synchronize()


def _forward_table(points: list[Point], scale: Scale) -> Table:
    rates = {(point.precision, point.way, point.batch): point.images_per_s for point in points}
    rows = [
        (precision, way, *(f"{rates[precision, way, batch]:.0f}" for batch in scale.batches))
        for precision, way in dict.fromkeys((point.precision, point.way) for point in points)
    ]
    return Table("Images/s by batch", ("precision", "way", *map(str, scale.batches)), rows)


if __name__ == "__main__":
    sys.exit(main())

"""What does a PNG cost, in microseconds and bytes, by our encoder and by those of others?

    python -m benchmarks.encoding --json encoding.json

Faces of the shipped weights at 64 x 64 and sheets of them at 1024 x 1024, as RGB, as gray and
with that gray as alpha. One thread; the encoders take turns, and each figure is the median of
its turns. A second table has our encoder on one thread and on two: that it gains shows that it
works without the GIL. OpenCV and fpng_py are compared if they are installed.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import io
import json
import os
import platform
import struct
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import deflate
import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image

from model.checkpoint import read_checkpoint
from model.contact_sheet import contact_sheet
from model.inference import InferenceEngine
from model.latents import sample_latents
from model.png import encode_png, to_pillow

Pixels = NDArray[np.uint8]
Encoder = Callable[[Pixels], bytes]

_SIDE = 64
_SHEET_TILES = 256
_MODES = {1: "gray", 3: "RGB", 4: "RGBA"}
_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}


@dataclass(frozen=True)
class Cost:
    """One encoder on one kind of image; `time_us` and `size_bytes` are of one image."""

    encoder: str
    side: int
    mode: str
    time_us: float
    size_bytes: int


@dataclass(frozen=True)
class Scaling:
    """Our encoder on several threads."""

    side: int
    threads: int
    images_per_s: float


def main() -> None:
    """Measure, print both tables, write them if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--checkpoint", type=Path, default=Path("weights/faces-64.safetensors"))
    parser.add_argument("--turns", type=int, default=9, help="of each encoder (default: 9)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()

    kinds = _make_images(arguments.checkpoint)
    costs = [
        cost for images in kinds for cost in _measure_costs(images, _encoders(), arguments.turns)
    ]
    print("| encoder | image | us an image | bytes an image |\n| --- | --- | --- | --- |")
    for cost in costs:
        image = f"{cost.side} x {cost.side} {cost.mode}"
        print(f"| {cost.encoder} | {image} | {cost.time_us:.0f} | {cost.size_bytes} |")

    scalings = [
        scaling
        for images in kinds
        if images[0].shape[2] == 3
        for scaling in _measure_threads(images, arguments.turns)
    ]
    print("\n| image | threads | images a second |\n| --- | --- | --- |")
    for scaling in scalings:
        image = f"{scaling.side} x {scaling.side} RGB"
        print(f"| {image} | {scaling.threads} | {scaling.images_per_s:.0f} |")
    if arguments.json:
        figures = {
            "machine": _describe_machine(),
            "costs": [dataclasses.asdict(cost) for cost in costs],
            "threads": [dataclasses.asdict(scaling) for scaling in scalings],
        }
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


def _make_images(checkpoint_path: Path) -> list[list[Pixels]]:
    """Render tiles and a sheet, each in the three kinds; a list holds images of one kind."""
    checkpoint = read_checkpoint(checkpoint_path)
    engine = InferenceEngine(checkpoint, device="cpu")
    step = engine.facts.batch_shapes[-1]
    latents = sample_latents(checkpoint.spec, range(_SHEET_TILES))
    parts = [engine.generate_pixels(part) for part in latents.split(step)]
    tiles = np.concatenate(parts)
    if tiles.shape[1:] != (_SIDE, _SIDE, 3):
        raise SystemExit(f"{checkpoint_path}: RGB weights of 64 x 64 are needed")
    kinds = []
    for rgb_images in ([*tiles[:_SIDE]], [contact_sheet(tiles)]):
        gray_images = [
            np.asarray(to_pillow(image).convert("L"))[..., np.newaxis] for image in rgb_images
        ]
        pairs = zip(rgb_images, gray_images, strict=True)
        rgba_images = [np.concatenate(pair, axis=2) for pair in pairs]
        kinds += [rgb_images, gray_images, rgba_images]
    return kinds


def _measure_costs(
    images: Sequence[Pixels], encoders: Mapping[str, Encoder], turns: int
) -> list[Cost]:
    """Let the encoders take turns on all images; each is tried on one first."""
    side, _, channels = images[0].shape
    usable = {
        name: encode
        for name, encode in encoders.items()
        if channels >= 3 or not name.startswith("fpng")
    }
    for name, encode in usable.items():
        decoded = np.asarray(Image.open(io.BytesIO(encode(images[0]))))
        if not np.array_equal(decoded.reshape(images[0].shape), images[0]):
            raise SystemExit(f"{name} does not give back the pixels")
    times: dict[str, list[float]] = {name: [] for name in usable}
    sizes = {}
    for _ in range(turns):
        for name, encode in usable.items():
            started_s = time.perf_counter()
            files = [encode(image) for image in images]
            times[name].append((time.perf_counter() - started_s) / len(images))
            sizes[name] = sum(map(len, files)) // len(files)
    return [
        Cost(name, side, _MODES[channels], 1e6 * median(times[name]), sizes[name])
        for name in usable
    ]


def _measure_threads(images: Sequence[Pixels], turns: int) -> list[Scaling]:
    """Encode the same images on one thread and on two, in turn, each thread its own share."""
    work = [*images] * (16 if len(images) > 1 else 8)
    rates: dict[int, list[float]] = {1: [], 2: []}
    with ThreadPoolExecutor(2) as pool:
        for _ in range(turns):
            for threads in rates:
                shares = [work[start::threads] for start in range(threads)]
                started_s = time.perf_counter()
                list(pool.map(_encode_all, shares))
                rates[threads].append(len(work) / (time.perf_counter() - started_s))
    side = images[0].shape[0]
    return [Scaling(side, threads, median(rates[threads])) for threads in rates]


def _encode_all(images: Sequence[Pixels]) -> None:
    for image in images:
        encode_png(image)


def _encoders() -> dict[str, Encoder]:
    """Name every encoder that this machine has, ours first."""
    encoders: dict[str, Encoder] = {
        "ganloom": encode_png,
        "Pillow, level 1": lambda pixels: _encode_with_pillow(pixels, 1),
        "Pillow, level 6": lambda pixels: _encode_with_pillow(pixels, 6),
        "zlib, level 1, Sub": _encode_with_zlib,
    }
    # Both are Any: one brings no types, and neither need be here.
    if cv2 := _import_if_present("cv2"):
        swaps = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}

        def encode_with_opencv(pixels: Pixels) -> bytes:
            swap = swaps.get(pixels.shape[2])
            image = pixels if swap is None else cv2.cvtColor(pixels, swap)
            file: Pixels = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
            return file.tobytes()

        encoders["OpenCV, level 1"] = encode_with_opencv
    if fpng := _import_if_present("fpng_py"):

        def encode_with_fpng(pixels: Pixels) -> bytes:
            height, width, channels = pixels.shape
            return bytes(
                fpng.fpng_encode_image_to_memory(pixels.tobytes(), width, height, channels)
            )

        encoders["fpng"] = encode_with_fpng
    return encoders


def _encode_with_pillow(pixels: Pixels, level: int) -> bytes:
    buffer = io.BytesIO()
    to_pillow(pixels).save(buffer, "PNG", compress_level=level)
    return buffer.getvalue()


def _encode_with_zlib(pixels: Pixels) -> bytes:
    """Write what Python alone can: filter Sub in NumPy, the standard library's zlib."""
    height, width, channels = pixels.shape
    samples = pixels.reshape(height, width * channels)
    rows = np.empty((height, 1 + width * channels), np.uint8)
    rows[:, 0] = 1
    rows[:, 1 : 1 + channels] = samples[:, :channels]
    np.subtract(samples[:, channels:], samples[:, :-channels], out=rows[:, 1 + channels :])
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows.data, 1)), (b"IEND", b"")):
        checksum = zlib.crc32(data, zlib.crc32(name))
        file += struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)
    return file


def _import_if_present(name: str) -> Any | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _describe_machine() -> dict[str, object]:
    return {
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "deflate": deflate.__version__,
        "pillow": PIL.__version__,
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }


if __name__ == "__main__":
    main()

"""The command `sample`: seeds in, images on disk out."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.candidates import candidate_seeds, choose_winners
from model.checkpoint import Checkpoint, read_checkpoint
from model.contact_sheet import contact_sheet
from model.edits import edit_rows, parse_edits
from model.inference import InferenceEngine
from model.judge import Judge
from model.latents import Latents, sample_latents, truncate
from model.png import encode_png, to_pillow

_MAX_SEEDS = 100_000


def run_sample(arguments: argparse.Namespace) -> None:
    """Render the seeds and write a sheet, or one PNG a seed if `--out` is a folder."""
    count = arguments.best_of
    seeds = _list_candidates(parse_seeds(arguments.seeds), count)
    checkpoint = read_checkpoint(arguments.checkpoint)
    judge = Judge(checkpoint) if count > 1 else None
    label = None if arguments.label is None else label_index(checkpoint, arguments.label)
    latents = truncate(sample_latents(checkpoint.spec, seeds, label), arguments.truncation)
    edits = () if arguments.edits is None else parse_edits(arguments.edits)
    latents = edit_rows(latents, checkpoint.directions, [edits] * len(latents))
    pixels = render_latents(checkpoint, latents, arguments.device, arguments.precision)
    if judge is not None:
        winners = choose_winners(_judge_rows(judge, pixels, latents), count)
        pixels, seeds = pixels[winners], [seeds[winner] for winner in winners]
    save_rows(pixels, [str(seed) for seed in seeds], arguments.out, arguments.columns)
    print(f"{arguments.out}: {len(seeds)} images of {arguments.checkpoint.name}")
    if judge is not None:
        print(f"best of {count}: seeds {','.join(map(str, seeds))}")


def render_latents(
    checkpoint: Checkpoint, latents: Latents, device: str = "auto", precision: str = "auto"
) -> NDArray[np.uint8]:
    """Render (n, z_dim) latents, n >= 1, as pixels (n, h, w, c) on all cores.

    InferenceError if the device cannot render this checkpoint, or not in this precision.
    """
    lanes = os.cpu_count() or 1
    engine = InferenceEngine(checkpoint, device=device, precision=precision, lanes=lanes)
    parts = latents.split(engine.facts.batch_shapes[-1])
    with ThreadPoolExecutor(lanes) as pool:
        return np.concatenate(list(pool.map(engine.generate_pixels, parts)))


def _list_candidates(seeds: Sequence[int], count: int) -> list[int]:
    """Return the candidates of every seed; ValueError if they are too many."""
    if len(seeds) * count > _MAX_SEEDS:
        raise ValueError(f"{len(seeds)} x {count} images to choose from are more than {_MAX_SEEDS}")
    return [candidate for seed in seeds for candidate in candidate_seeds(seed, count)]


def _judge_rows(judge: Judge, pixels: NDArray[np.uint8], latents: Latents) -> list[float]:
    """Judge each image by itself, on all cores."""
    labels = [None] * len(latents) if latents.labels is None else latents.labels.tolist()
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(judge.logit, pixels, labels))


def parse_seeds(text: str) -> list[int]:
    """Read "0-63" or "1,5,9-12". ValueError if it is not a list of ranges, or too long."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"seeds are written like 0-63 or 1,5,9-12, not {text!r}")
        start, stop = int(first), int(last or first) + 1
        if not 0 < stop - start <= _MAX_SEEDS - len(seeds):
            raise ValueError(f"{part.strip()!r} is empty or makes more than {_MAX_SEEDS} seeds")
        seeds.extend(range(start, stop))
    return seeds


def label_index(checkpoint: Checkpoint, label: str) -> int:
    """Return the number of a class given by name or number; ValueError names the classes."""
    if label in checkpoint.class_names:
        return checkpoint.class_names.index(label)
    if label.isdecimal() and int(label) < len(checkpoint.class_names):
        return int(label)
    known = ", ".join(checkpoint.class_names) or "none"
    raise ValueError(f"there is no class {label!r}; this checkpoint's classes: {known}")


def save_rows(
    pixels: NDArray[np.uint8], names: Sequence[str], out: Path, columns: int | None
) -> None:
    """Write pixels (n, h, w, c) as a sheet, or one PNG a name if `out` has no suffix."""
    if out.suffix:
        _save(contact_sheet(pixels, columns), out)
        return
    for name, image in zip(names, pixels, strict=True):
        _save(image, out / f"{name}.png")


def _save(pixels: NDArray[np.uint8], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".png":
        path.write_bytes(encode_png(pixels))
    else:
        to_pillow(pixels).save(path)

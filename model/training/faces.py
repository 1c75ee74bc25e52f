"""Draws a data set of portraits that anybody may use, in a style of DiceBear's, CC0 1.0.

Image i is a function of the style and i alone (given the package versions that ``dataset.json``
records), so two machines draw the same bytes and a longer data set begins with the shorter one.
"""

from __future__ import annotations

import functools
import io
import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import metadata, resources
from multiprocessing import get_context
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from model.training.dataset_error import DatasetError
from model.training.dataset_record import claim_folder, write_record, write_text_atomically
from model.training.drawn_style import DrawnStyle
from model.training.lorelei import LORELEI
from model.training.pixel_art import PIXEL_ART

STYLES = {style.name: style for style in (LORELEI, PIXEL_ART)}
SOURCE_PACKAGES = ("dicebear-core", "dicebear-styles", "resvg-py", "pillow")
MAX_SIZE = 1024
MAX_FIRST = 100_000_000
IMAGES_PER_FOLDER = 1000
IMAGES_PER_TASK = 100
OVERSAMPLING = 2


def write_faces(
    out: Path,
    count: int,
    size: int = 64,
    style: str = "lorelei",
    workers: int | None = None,
    first: int = 0,
) -> None:
    """Write ``count`` square RGB portraits, ``labels.jsonl`` and ``dataset.json`` into ``out``.

    A run that was cut short goes on where it stopped; finished images are not drawn again.

    Args:
        out: Folder to fill; made when missing.
        count: Number of images.
        size: Width and height in pixels.
        style: A name of ``STYLES``.
        workers: Processes to draw with; ``None`` takes every core this process may use.
        first: Number of the first face. Data sets of disjoint ranges share no face, so one can
            be held out of the training of the other.

    Raises:
        DatasetError: An argument is out of range, a package is missing, or ``out`` already holds
            something else.
    """
    _check_arguments(count, size, style, workers, first)
    drawn_style = STYLES[style]
    record = {**_describe_dataset(size, drawn_style), "first": first}
    claim_folder(out, record)
    # Labels come first: without them a reader would take the numbered subfolders for classes.
    wanted = range(first, first + count)
    labels = "".join(_label_line(index, drawn_style) for index in wanted)
    write_text_atomically(out / "labels.jsonl", labels)
    missing = [index for index in wanted if not _is_drawn(out / face_path(index))]
    tasks = [missing[i : i + IMAGES_PER_TASK] for i in range(0, len(missing), IMAGES_PER_TASK)]
    workers = workers or _usable_cores()
    with tqdm(total=count, initial=count - len(missing), desc="faces", unit="img") as progress:
        for drawn in _draw_all(functools.partial(_draw_task, out, size, style), tasks, workers):
            progress.update(drawn)
    write_record(out, {**record, "images": count})


def face_path(index: int) -> str:
    """Return the path of image ``index`` inside the data set, with forward slashes."""
    return f"{index // IMAGES_PER_FOLDER:03d}/{index:06d}.png"


def draw_face(index: int, size: int = 64, style: str = "lorelei") -> Image.Image:
    """Draw the ``index``-th portrait of a style as an RGB image, ``size`` pixels square.

    The drawing is rasterised at twice the size and box-filtered down, so that thin ink lines keep
    their weight.
    """
    avatar, rasterise, definition = _drawing_tools(style)
    svg = str(avatar(definition, STYLES[style].describe(index).options))
    drawn = OVERSAMPLING * size
    png = bytes(rasterise(svg_string=svg, width=drawn, height=drawn, skip_system_fonts=True))
    with Image.open(io.BytesIO(png)) as image:
        return image.convert("RGB").resize((size, size), Image.Resampling.BOX)


@functools.cache
def _drawing_tools(style: str) -> tuple[Callable[..., object], Callable[..., bytes], object]:
    try:
        from dicebear import Avatar, Style
        from resvg_py import svg_to_bytes

        text = resources.files("dicebear_styles").joinpath(f"{style}.json").read_text("utf-8")
    except ImportError as error:
        raise DatasetError(
            f"drawing faces needs the package {error.name!r}, which is not installed; "
            "run: .venv/bin/pip install -e '.[training]'"
        ) from error
    return Avatar, svg_to_bytes, Style(json.loads(text))


def _check_arguments(count: int, size: int, style: str, workers: int | None, first: int) -> None:
    if style not in STYLES:
        raise DatasetError(f"unknown face style {style!r}; known: {', '.join(STYLES)}")
    if not 1 <= count <= 1_000_000:
        raise DatasetError(f"count must be from 1 to 1000000, got {count}")
    if not 8 <= size <= MAX_SIZE:
        raise DatasetError(f"size must be from 8 to {MAX_SIZE} pixels, got {size}")
    if workers is not None and workers < 1:
        raise DatasetError(f"workers must be at least 1, got {workers}")
    if not 0 <= first <= MAX_FIRST:
        raise DatasetError(f"first must be from 0 to {MAX_FIRST}, got {first}")


def _describe_dataset(size: int, style: DrawnStyle) -> dict[str, object]:
    _drawing_tools(style.name)
    return {
        "name": f"{style.name}-faces",
        "licence": "CC0 1.0",
        "licence_url": "https://creativecommons.org/publicdomain/zero/1.0/",
        "credit": style.credit,
        "artist": style.artist,
        "work": style.work,
        "work_url": style.work_url,
        "style": style.name,
        "recipe_version": style.recipe_version,
        "size": size,
        "packages": {package: metadata.version(package) for package in SOURCE_PACKAGES},
    }


def _draw_all(
    draw: Callable[[list[int]], int], tasks: list[list[int]], workers: int
) -> Iterator[int]:
    """Run ``draw`` on every task, in this process when one worker is enough."""
    if min(workers, len(tasks)) <= 1:
        yield from map(draw, tasks)
        return
    # Forking a process that holds torch's threads can deadlock, so workers start afresh.
    with ProcessPoolExecutor(
        min(workers, len(tasks)), mp_context=get_context("spawn"), initializer=_ignore_interrupt
    ) as pool:
        futures = [pool.submit(draw, task) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _ignore_interrupt() -> None:
    # Ctrl-C reaches the whole process group; the parent alone decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _draw_task(out: Path, size: int, style: str, indices: list[int]) -> int:
    for index in indices:
        target = out / face_path(index)
        target.parent.mkdir(exist_ok=True)
        partial = target.with_suffix(".partial")
        draw_face(index, size, style).save(partial, format="PNG", compress_level=1)
        partial.replace(target)
    return len(indices)


def _is_drawn(path: Path) -> bool:
    # Files appear whole, but a power cut may leave an empty one.
    return path.is_file() and path.stat().st_size > 0


def _label_line(index: int, style: DrawnStyle) -> str:
    line = {"file": face_path(index), "attributes": style.describe(index).attributes}
    return json.dumps(line) + "\n"


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

"""How well does inversion find an image again, and mend one that is damaged?

    python -m model dataset faces data/held-out --count 100 --first 1000000
    python -m benchmarks.inversion --held-out data/held-out --train data/faces --sheets docs/images

The model's own samples have an exact latent, so they should be found; images that it never saw
have none, so their error is printed beside that of the nearest training image. The damaged ones
are the same unseen images with a quarter masked, with noise, and reduced to a quarter of a side;
the figure beside theirs is that of the plain remedy: mean colour, nothing, bicubic enlargement.
Everything is in float32 on one thread, with the service's defaults, timed by what the core spent.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.damage import DAMAGES, Damage, image_psnr
from benchmarks.inversion_sheets import save_sheet
from benchmarks.report import Bar, Report, Table, bar_table, report_parser
from model.blending import blend
from model.checkpoint import read_checkpoint
from model.inversion import DifferentiableGenerator, FoundLatent, InversionOptions, invert
from model.latents import Latents, sample_latents
from model.observation import Observation
from model.pixels import to_pixels

_SEED = 10_000  # beyond the seeds that descents start from
_RECOVERED_DB = 30.0
_SHOWN = 10  # columns of a sheet: the first images, none picked
_NEAREST_AT_ONCE = 500

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Outcome:
    """One set of images: PSNR found and beside it, in dB, each (n,), and a core's seconds."""

    name: str
    found_db: list[float]
    beside: str
    beside_db: list[float]
    seconds: list[float]

    def row(self) -> tuple[str, ...]:
        """Return the row of the table."""
        found = np.array(self.found_db)
        beside = np.array(self.beside_db)
        return (
            self.name,
            str(len(found)),
            f"{found.mean():.2f}",
            f"{np.median(found):.2f}",
            f"{found.min():.2f}",
            f"{self.beside} {beside.mean():.2f}" if len(beside) else "",
            f"{(found - beside).mean():+.2f}" if len(beside) else "",
            f"{np.mean(self.seconds):.2f}",
        )


_COLUMNS = ("images", "n", "mean dB", "median", "least", "beside it", "gain", "CPU s each")


_KINDS = ("own", "unseen", *(damage.task for damage in DAMAGES))


def main() -> None:
    """Invert own samples, then unseen images, then damaged ones."""
    parser = report_parser(__doc__)
    parser.add_argument("--weights", type=Path, default=Path("weights/faces-64.safetensors"))
    parser.add_argument("--held-out", type=Path, required=True, help="images never trained on")
    parser.add_argument("--train", type=Path, default=None, help="the images trained on")
    parser.add_argument("--count", type=int, default=100, help="images of each kind")
    parser.add_argument("--only", choices=_KINDS, nargs="+", default=_KINDS, help="what to measure")
    parser.add_argument("--sheets", type=Path, default=None, help="folder for before and after")
    arguments = parser.parse_args()
    count = 3 if arguments.quick else arguments.count
    torch.set_num_threads(1)
    generator = DifferentiableGenerator(read_checkpoint(arguments.weights))
    unseen = np.stack([*_read(arguments.held_out, generator, count)])
    outcomes = {}
    if "own" in arguments.only:
        outcomes["own"] = _find_own(generator, count)
    if "unseen" in arguments.only:
        train = None if arguments.train is None else _read(arguments.train, generator)
        outcomes["unseen"] = _find_unseen(generator, unseen, train, arguments.sheets)
    for damage in DAMAGES:
        if damage.task in arguments.only:
            outcomes[damage.task] = _mend(generator, unseen, damage, arguments.sheets)
    table = Table("Peak signal-to-noise ratio", _COLUMNS, [o.row() for o in outcomes.values()])
    bars = [*_bars(outcomes)]
    figures = {"outcomes": outcomes, "bars": bars}
    Report("Inversion", [table, bar_table(bars)], figures).publish(arguments)


def _bars(outcomes: dict[str, Outcome]) -> Iterator[Bar]:
    if own := outcomes.get("own"):
        share = float(np.mean(np.array(own.found_db) > _RECOVERED_DB))
        yield Bar("own samples above 30 dB, %", 100 * share, 95.0, True)
    if filled := outcomes.get("inpaint"):
        gain = float(np.mean(np.array(filled.found_db) - np.array(filled.beside_db)))
        yield Bar("inside the mask, above mean colour, dB", gain, 3.0, True)


def _find_own(generator: DifferentiableGenerator, count: int) -> Outcome:
    """Find the latents of the model's own samples, given their pixels and nothing else."""
    own = _render_rows(generator, sample_latents(generator.spec, range(_SEED, _SEED + count)))
    found, seconds = _find(generator, [Observation(image, _all(image)) for image in own])
    return Outcome("own samples", _compare(own, _render(generator, found)), "", [], seconds)


def _find_unseen(
    generator: DifferentiableGenerator,
    unseen: Pixels,
    train: Iterator[Pixels] | None,
    sheets: Path | None,
) -> Outcome:
    """Find the latents nearest to images that the model has none for."""
    found, seconds = _find(generator, [Observation(image, _all(image)) for image in unseen])
    rendered = _render(generator, found)
    rows, near_db = [unseen[:_SHOWN], rendered[:_SHOWN]], []
    if train is not None:
        nearest = _find_nearest(unseen, train)
        near_db = _compare(unseen, nearest)
        rows.append(nearest[:_SHOWN])
    if sheets is not None:
        save_sheet(rows, sheets / "inversion-unseen.png")
    found_db = _compare(unseen, rendered)
    return Outcome("never seen", found_db, "nearest trained on", near_db, seconds)


def _mend(
    generator: DifferentiableGenerator, unseen: Pixels, damage: Damage, sheets: Path | None
) -> Outcome:
    """Damage images, search for what they were, and compare with the plain remedy."""
    observations = [damage.observe(image, row) for row, image in enumerate(unseen)]
    found, seconds = _find(generator, observations, damage)
    mended = _render(generator, found)
    plain = np.stack([damage.remedy(item) for item in observations])
    masks = [~item.known if damage.task == "inpaint" else None for item in observations]
    if sheets is not None:
        shown = mended[:_SHOWN]
        if damage.task == "inpaint":
            pairs = zip(observations, shown, strict=False)
            shown = np.stack([blend(item.pixels, image, item.known) for item, image in pairs])
        rows = [damage.show(item) for item in observations[:_SHOWN]]
        save_sheet(
            [np.stack(rows), plain[:_SHOWN], shown, unseen[:_SHOWN]],
            sheets / f"inversion-{damage.task}.png",
        )
    return Outcome(
        damage.name,
        _compare(unseen, mended, masks),
        damage.remedy_name,
        _compare(unseen, plain, masks),
        seconds,
    )


def _find(
    generator: DifferentiableGenerator,
    observations: Sequence[Observation],
    damage: Damage | None = None,
) -> tuple[list[FoundLatent], list[float]]:
    """Search for each, one after the other; return what was found and the seconds."""
    options = InversionOptions(task=damage.task if damage else "invert")
    found, seconds = [], []
    for observation in observations:
        started = time.process_time()
        found.append(invert(generator, observation, options))
        seconds.append(time.process_time() - started)
    return found, seconds


def _find_nearest(images: Pixels, others: Iterator[Pixels]) -> Pixels:
    """Return the nearest of `others` to each image by square error: (n, h, w, c)."""
    queries = images.reshape(len(images), -1).astype(np.float32)
    nearest, least = images.copy(), np.full(len(images), np.inf)
    for batch in _batches(others):
        flat = batch.reshape(len(batch), -1).astype(np.float32)
        errors = (flat**2).sum(1) - 2 * queries @ flat.T
        rows = errors.argmin(1)
        errors = errors[np.arange(len(images)), rows]
        nearest[errors < least] = batch[rows[errors < least]]
        least = np.minimum(least, errors)
    return nearest


def _batches(images: Iterator[Pixels]) -> Iterator[Pixels]:
    batch: list[Pixels] = []
    for image in images:
        batch.append(image)
        if len(batch) == _NEAREST_AT_ONCE:
            yield np.stack(batch)
            batch = []
    if batch:
        yield np.stack(batch)


def _read(
    folder: Path, generator: DifferentiableGenerator, count: int | None = None
) -> Iterator[Pixels]:
    """Read the PNGs below a folder, by name, as pixels (h, w, c) of the generator's shape."""
    height, width, channels = generator.spec.pixels_shape
    for path in sorted(folder.rglob("*.png"))[:count]:
        with Image.open(path) as image:
            fitted = image.convert("L" if channels == 1 else "RGB").resize((width, height))
            yield np.asarray(fitted).reshape(height, width, channels)


def _render(generator: DifferentiableGenerator, found: Sequence[FoundLatent]) -> Pixels:
    return np.concatenate([_render_rows(generator, item.as_latents()) for item in found])


@torch.no_grad()
def _render_rows(generator: DifferentiableGenerator, latents: Latents) -> Pixels:
    labels = None if latents.labels is None else torch.from_numpy(latents.labels)
    pixels: Pixels = to_pixels(generator.module(torch.from_numpy(latents.z), labels)).numpy()
    return pixels


def _compare(
    images: Pixels, others: Pixels, masks: Sequence[NDArray[np.bool_] | None] | None = None
) -> list[float]:
    masks = masks or [None] * len(images)
    return [image_psnr(*pair) for pair in zip(images, others, masks, strict=True)]


def _all(image: Pixels) -> NDArray[np.bool_]:
    return np.ones(image.shape[:2], np.bool_)


if __name__ == "__main__":
    main()

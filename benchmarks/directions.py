"""Does each named direction move its own attribute, and how much does it move the others?

    python -m model dataset faces data/judge-faces --count 8000 --first 1000000
    python -m benchmarks.directions weights/faces-64.safetensors --data data/judge-faces

A judge is trained on labelled images that the directions were not fitted with, and looks at
each seed moved by the direction's strength to either side. It agrees where it sees the
attribute at one end and not at the other. An attribute leaks where what it sees of another
differs between the ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.report import Bar, Report, Table, bar_table, report_parser
from model.checkpoint import Checkpoint, read_checkpoint
from model.contact_sheet import contact_sheet
from model.directions import Direction
from model.edits import edit_rows, make_edits, sweep_strengths
from model.latents import Latents, sample_latents
from model.png import encode_png
from model.sampling import render_latents
from model.training.attribute_directions import direction_name, leaks_of
from model.training.attribute_judge import AttributeJudge, to_images, train_attribute_judge
from model.training.dataset import ImageDataset, open_dataset_for

_FLOOR = 0.8
_SHEET_SEED = 7
_SHEET_STEPS = 9


@dataclass(frozen=True)
class Moved:
    """What the judge saw along one direction, as shares of the seeds."""

    direction: Direction
    agreement: float
    before: float  # how many show the attribute unmoved
    at_end: float  # how many show it at +strength
    at_start: float  # and at -strength
    rises: float  # how many are more of it at +strength, by the judge's logit
    leaks: dict[str, float]


def main() -> None:
    """Print agreement and leak of every attribute direction."""
    parser = report_parser(__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="labelled images for the judge")
    parser.add_argument("--seeds", type=int, default=1000, help="how many, from 0 on")
    parser.add_argument("--sheets", type=Path, default=None, help="write a strip a direction here")
    arguments = parser.parse_args()
    checkpoint = read_checkpoint(arguments.checkpoint)
    dataset = _open(arguments.data, checkpoint)
    torch.set_num_threads(1)
    assert dataset.attributes is not None
    judge = train_attribute_judge(
        np.asarray(dataset.pixels), dataset.attributes, seed=1, show_progress=True
    )
    seeds = range(50 if arguments.quick else arguments.seeds)
    moved = measure(checkpoint, judge, dataset.attribute_names, seeds)
    if arguments.sheets is not None:
        draw_sheets(checkpoint, arguments.sheets)
    bars = [
        Bar(f"{item.direction.name} agrees", 100 * item.agreement, 100 * _FLOOR, True, " %")
        for item in moved
    ]
    tables = [_agreements(moved), _leaks(moved), bar_table(bars)]
    Report("Named directions", tables, {"seeds": len(seeds), "moved": moved}).publish(arguments)


def measure(
    checkpoint: Checkpoint, judge: AttributeJudge, names: tuple[str, ...], seeds: range
) -> list[Moved]:
    """Look at every attribute direction of a checkpoint."""
    latents = sample_latents(checkpoint.spec, seeds)
    before = _judge(checkpoint, judge, latents) > 0
    columns = {direction_name(name): column for column, name in enumerate(names)}
    moved = []
    for entry in checkpoint.directions.of_kind("attribute").entries:
        column = columns[entry.name]
        up, down = (
            _judge(checkpoint, judge, _move(checkpoint, latents, entry.name, strength))
            for strength in (entry.strength, -entry.strength)
        )
        own_up, own_down = up[:, column] > 0, down[:, column] > 0
        moved.append(
            Moved(
                entry,
                agreement=float(np.mean(own_up & ~own_down)),
                before=float(np.mean(before[:, column])),
                at_end=float(np.mean(own_up)),
                at_start=float(np.mean(own_down)),
                rises=float(np.mean(up[:, column] > down[:, column])),
                leaks=leaks_of((up > 0) != (down > 0), column, names),
            )
        )
    return moved


def draw_sheets(checkpoint: Checkpoint, folder: Path) -> None:
    """Write one sheet a kind of direction: a row a direction, seed 7 from end to end."""
    folder.mkdir(parents=True, exist_ok=True)
    one = sample_latents(checkpoint.spec, [_SHEET_SEED])
    for kind in ("attribute", "sefa", "pca"):
        entries = checkpoint.directions.of_kind(kind).entries
        if not entries:
            continue
        edits = [
            make_edits({entry.name: strength})
            for entry in entries
            for strength in sweep_strengths((-entry.strength, entry.strength), _SHEET_STEPS)
        ]
        rows = edit_rows(Latents.concatenate([one] * len(edits)), checkpoint.directions, edits)
        sheet = contact_sheet(render_latents(checkpoint, rows), _SHEET_STEPS)
        (folder / f"directions-{kind}.png").write_bytes(encode_png(sheet))


def _open(data: Path, checkpoint: Checkpoint) -> ImageDataset:
    spec = checkpoint.spec
    dataset = open_dataset_for(spec, data)
    if dataset.attributes is None or dataset.attribute_names != checkpoint.attribute_names:
        raise SystemExit(f"{data} has not the attributes that {checkpoint.attribute_names} names")
    return dataset


def _move(checkpoint: Checkpoint, latents: Latents, name: str, strength: float) -> Latents:
    edits = make_edits({name: strength})
    return edit_rows(latents, checkpoint.directions, [edits] * len(latents))


@torch.no_grad()
def _judge(checkpoint: Checkpoint, judge: AttributeJudge, latents: Latents) -> NDArray[np.float32]:
    pixels = render_latents(checkpoint, latents)
    parts = [
        judge.logits(to_images(pixels[at : at + 250])).numpy() for at in range(0, len(pixels), 250)
    ]
    logits: NDArray[np.float32] = np.concatenate(parts)
    return logits


def _agreements(moved: list[Moved]) -> Table:
    columns = ("direction", "strength", "agrees", "unmoved", "at -", "at +", "rises")
    rows = [
        (
            item.direction.name,
            f"{item.direction.strength:g}",
            *(f"{share:.1%}" for share in (item.agreement, item.before, item.at_start)),
            *(f"{share:.1%}" for share in (item.at_end, item.rises)),
        )
        for item in moved
    ]
    return Table("Seeds in which the judge sees the attribute", columns, rows)


def _leaks(moved: list[Moved]) -> Table:
    groups = sorted({group for item in moved for group in item.leaks})
    rows = [
        (
            item.direction.name,
            *(f"{item.leaks[group]:.0%}" if group in item.leaks else "" for group in groups),
        )
        for item in moved
    ]
    return Table("Seeds in which another attribute differs between the ends", ("", *groups), rows)


if __name__ == "__main__":
    main()

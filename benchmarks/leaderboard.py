"""Which preset should a user take? All of them, the same data, the same wall-clock, three seeds.

    python -m benchmarks.leaderboard --data faces --images data/faces --minutes 10

Each run is scored as `evaluate` does it and leaves RUN.json; stopped at any time, the same command
goes on: finished runs are read, the one that was cut goes on with the minutes that it had left.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.leaderboard_run import Contest, run_entry
from benchmarks.leaderboard_table import leaderboard, write_page
from benchmarks.report import Report, report_parser
from model.training.config import ConfigError, TrainConfig
from model.training.dataset import ImageDataset, open_dataset
from model.training.presets import PRESETS

_FORMATS = {"faces": (64, 3), "digits": (32, 1)}


def main() -> None:
    """Run what is missing, then print the table."""
    arguments = _parse()
    torch.set_num_threads(arguments.threads)
    resolution, channels = _FORMATS[arguments.data]
    dataset = open_dataset(arguments.images, img_resolution=resolution, img_channels=channels)
    contest = Contest(
        dataset, arguments.images, arguments.minutes, arguments.samples, arguments.out
    )
    entries = []
    for config in _configs(arguments, dataset):
        entries.append(run_entry(config, contest))
        print(f"{entries[-1].preset}, seed {entries[-1].seed}: {entries[-1].outcome}", flush=True)
    title = (
        f"{arguments.data} {resolution} x {resolution}, {arguments.minutes:g} minutes each, "
        f"{arguments.threads} threads, {arguments.samples} samples"
    )
    tables = [leaderboard(title, entries)]
    Report("Leaderboard", tables, entries).publish(arguments)
    if arguments.page is not None:
        write_page(arguments.page, tables, entries, arguments.out)


def _parse() -> argparse.Namespace:
    parser = report_parser(__doc__)
    parser.add_argument("--data", choices=sorted(_FORMATS), default="faces")
    parser.add_argument("--images", type=Path, default=None, help="default: data/NAME of --data")
    parser.add_argument("--presets", nargs="+", choices=sorted(PRESETS), default=sorted(PRESETS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, default=10.0, help="of training, for each run")
    parser.add_argument("--samples", type=int, default=2000, help="generated to score a run")
    parser.add_argument("--base-channels", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--page", type=Path, default=None, help="write docs/leaderboard.md")
    parser.add_argument("--out", type=Path, default=None, help="default: runs/leaderboard/NAME")
    arguments = parser.parse_args()
    arguments.images = arguments.images or Path("data") / arguments.data
    arguments.out = arguments.out or Path("runs/leaderboard") / arguments.data
    if arguments.quick:
        arguments.minutes, arguments.samples, arguments.seeds = 0.05, 64, [0]
        arguments.base_channels = 8
    return arguments


def _configs(arguments: argparse.Namespace, dataset: ImageDataset) -> Iterator[TrainConfig]:
    """Yield seed by seed, so that whoever stops early has every preset."""
    resolution, channels = _FORMATS[arguments.data]
    for seed, name in itertools.product(arguments.seeds, arguments.presets):
        config = dataclasses.replace(
            PRESETS[name],
            seed=seed,
            img_resolution=resolution,
            img_channels=channels,
            base_channels=arguments.base_channels,
            discriminator_channels=arguments.base_channels,
        )
        try:
            config.generator_spec(len(dataset.class_names))
        except ConfigError as error:  # conditional, and the data have no classes
            if seed == arguments.seeds[0]:
                print(f"{name} is left out: {error}")
            continue
        yield config


if __name__ == "__main__":
    main()

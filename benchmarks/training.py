"""How fast does a step train? Against PyTorch's DCGAN example, same networks and batch.

    python -m benchmarks.training --threads 1

Both train in turns in this process, a few steps each, so that a machine that slows down slows both.
`dcgan-2015` is the example's own game; `dcgan`, the default, is shown beside it.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.example_loop import ExampleLoop
from benchmarks.report import Bar, Report, Table, bar_table, report_parser
from model.training.presets import PRESETS
from model.training.state import TrainingState
from model.training.train_step import train_step

_EXAMPLE = "pytorch/examples dcgan"
_LEAST_RATIO = 2.0
_IMAGES = 2048

Step = Callable[[int], object]


def main() -> None:
    """Measure, and print images a second."""
    parser = report_parser(__doc__)
    parser.add_argument("--width", type=int, default=64, help="channels of the widest features")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7, help="turns of each; medians are shown")
    parser.add_argument("--steps", type=int, default=4, help="steps of a turn, a penalty's period")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.width, arguments.batch_size, arguments.rounds = 8, 8, 1
    torch.set_num_threads(arguments.threads)
    rates = measure(arguments)
    medians = {name: statistics.median(found) for name, found in rates.items()}
    rows = [
        (
            name,
            f"{medians[name]:.1f}",
            f"{min(found):.1f} to {max(found):.1f}",
            f"{medians[name] / medians[_EXAMPLE]:.2f}",
        )
        for name, found in rates.items()
    ]
    columns = ("training", "images/s", "turns", "times the example")
    bar = Bar(
        "dcgan-2015 over the example",
        medians["dcgan-2015"] / medians[_EXAMPLE],
        _LEAST_RATIO,
        is_floor=True,
    )
    tables = [Table("Images a second", columns, rows), bar_table([bar])]
    settings = ("width", "batch_size", "rounds", "steps", "threads")
    figures = {"rates": rates, **{name: getattr(arguments, name) for name in settings}}
    title = (
        f"Training at 64 x 64, {arguments.width} channels, batches of {arguments.batch_size}, "
        f"{arguments.threads} threads"
    )
    Report(title, tables, figures).publish(arguments)


def measure(arguments: argparse.Namespace) -> dict[str, list[float]]:
    """Return the images a second of every turn of each way to train."""
    pixels = np.random.RandomState(0).randint(0, 256, (_IMAGES, 64, 64, 3), dtype=np.uint8)
    ways = {_EXAMPLE: example_step(pixels, arguments)}
    ways |= {name: our_step(name, pixels, arguments) for name in ("dcgan-2015", "dcgan")}
    for step in ways.values():
        for number in range(2):  # the first allocate, and choose their kernels
            step(number)
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(arguments.rounds):
        for name, step in ways.items():
            started = time.perf_counter()
            for number in range(arguments.steps):
                step(turn * arguments.steps + number)
            seconds = time.perf_counter() - started
            rates[name].append(arguments.steps * arguments.batch_size / seconds)
    return rates


def example_step(pixels: NDArray[np.uint8], arguments: argparse.Namespace) -> Step:
    """Return the example's step on batch number `number`, from floats in memory."""
    loop = ExampleLoop(arguments.width)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous()
    batches = images.split(arguments.batch_size)
    return lambda number: loop.step(batches[number % len(batches)])


def our_step(preset: str, pixels: NDArray[np.uint8], arguments: argparse.Namespace) -> Step:
    """Return our step of a preset on batch number `number`, from pixels in memory."""
    config = dataclasses.replace(
        PRESETS[preset],
        base_channels=arguments.width,
        discriminator_channels=arguments.width,
        batch_size=arguments.batch_size,
    )
    state = TrainingState(config, config.generator_spec(0), {})
    batches = np.split(pixels, _IMAGES // arguments.batch_size)
    return lambda number: train_step(state, batches[number % len(batches)], None)


if __name__ == "__main__":
    main()

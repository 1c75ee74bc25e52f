"""How many modes of a 2-D mixture does a GAN find, and how sharply? In PacGAN's protocol.

    python -m benchmarks.gaussians --data grid25 --recipe relativistic --seeds 10

Rings and grids of Gaussians, 100,000 points to learn from, 2,500 fresh ones judged at the end
of each run: no run, no step and no point is picked. A seed that is done is kept in `--out`, so
the command can be stopped and repeated.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.mixtures import MIXTURES, Mixture
from benchmarks.modes import ModeCoverage, mode_coverage
from benchmarks.point_game import PointGame
from benchmarks.point_plots import plot_points
from benchmarks.point_recipes import POINT_RECIPES, PointRecipe
from benchmarks.report import Bar, Report, Table, bar_table, report_parser

_EVALUATED = 2_500
# Modes, high-quality share and reverse KL: Srivastava et al., 2017 (VEEGAN), table 1, and Lin et
# al., 2018 (PacGAN), table 1. Their two GANs differ in nothing but tuning.
_PUBLISHED = {
    "ring8": (
        ("GAN (VEEGAN's)", "1", "99.3 %", ""),
        ("Unrolled GAN (VEEGAN's)", "7.6", "35.6 %", ""),
        ("VEEGAN", "8", "52.9 %", ""),
        ("GAN (PacGAN's)", "6.3 ± 0.5", "98.2 %", "0.45"),
        ("PacGAN2", "7.9 ± 0.1", "95.6 %", "0.07"),
        ("PacGAN4", "7.8 ± 0.1", "95.9 %", "0.07"),
    ),
    "grid25": (
        ("GAN (VEEGAN's)", "3.3", "0.5 %", ""),
        ("Unrolled GAN (VEEGAN's)", "23.6", "16 %", ""),
        ("VEEGAN", "24.6", "40 %", ""),
        ("GAN (PacGAN's)", "17.3 ± 0.8", "94.8 %", "0.70"),
        ("PacGAN2", "23.8 ± 0.7", "91.3 %", "0.13"),
        ("PacGAN4", "24.8 ± 0.2", "93.6 %", "0.04"),
    ),
    # Another grid of 100 and a learned prior; one seed, 7,000 updates.
    "grid100": (("ParticleGAN 0.8.0", "100", "98.9 %", ""),),
}


@dataclass(frozen=True)
class GaussianResult:
    """One seed, and the points that it was judged by."""

    seed: int
    steps: int
    seconds: float
    coverage: ModeCoverage
    points: NDArray[np.float32]


def main() -> None:
    """Train what is missing, judge all, print the table, draw the plot."""
    arguments = _parse()
    torch.set_num_threads(arguments.threads)
    mixture = MIXTURES[arguments.data]
    recipe = POINT_RECIPES[arguments.recipe]
    recipe = dataclasses.replace(recipe, steps=arguments.steps or recipe.steps)
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    results = [_result(recipe, mixture, seed, arguments.out) for seed in seeds]
    real = mixture.sample(_EVALUATED, np.random.default_rng(0))
    if arguments.plot is not None:
        note = f"{mixture.name}, {recipe.name}, seed {results[0].seed}, {_EVALUATED:,} points"
        plot_points(real, results[0].points, note, arguments.plot)
    _publish(arguments, results, mode_coverage(real, mixture))


def _parse() -> argparse.Namespace:
    parser = report_parser(__doc__)
    parser.add_argument("--data", choices=sorted(MIXTURES), default="grid25")
    parser.add_argument("--recipe", choices=sorted(POINT_RECIPES), default="relativistic")
    parser.add_argument("--seeds", type=int, default=10, help="how many")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=None, help="instead of the recipe's")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--plot", type=Path, default=None, help="scatter plot of the first seed")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/gaussians"))
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seeds, arguments.steps = 1, 100
    return arguments


def _result(recipe: PointRecipe, mixture: Mixture, seed: int, out: Path) -> GaussianResult:
    """Read the seed's result if it was kept under this very recipe, or train it."""
    path = out / f"{mixture.name}-{recipe.name}-{seed}.npz"
    text = json.dumps(dataclasses.asdict(recipe), sort_keys=True)
    if path.exists():
        with np.load(path) as kept:
            if str(kept["recipe"]) == text:
                points, seconds = kept["points"], float(kept["seconds"])
                coverage = mode_coverage(points, mixture)
                return GaussianResult(seed, recipe.steps, seconds, coverage, points)
    began = time.process_time()  # of the processor: others may be at work beside
    points = _train(recipe, mixture, seed)
    seconds = time.process_time() - began
    out.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, recipe=np.array(text), points=points, seconds=np.array(seconds))
    partial.replace(path)
    return GaussianResult(seed, recipe.steps, seconds, mode_coverage(points, mixture), points)


def _train(recipe: PointRecipe, mixture: Mixture, seed: int) -> NDArray[np.float32]:
    game = PointGame(recipe, mixture, seed)
    description = f"{mixture.name} {recipe.name} seed {seed}"
    with tqdm(total=recipe.steps, desc=description, unit="step", dynamic_ncols=True) as bar:
        while game.step < recipe.steps:
            game.train_step()
            bar.update()
            if game.step % max(recipe.steps // 20, 1) == 0:
                seen = mode_coverage(game.sample(_EVALUATED), mixture)
                bar.set_postfix_str(f"{seen.modes} modes, {seen.high_quality:.1%} high quality")
    return game.sample(_EVALUATED)


def _publish(
    arguments: argparse.Namespace, results: list[GaussianResult], real: ModeCoverage
) -> None:
    covered = [result.coverage for result in results]
    rows = [
        (f"seed {result.seed}", *_cells(result.coverage), f"{result.seconds:.0f}")
        for result in results
    ]
    rows.append(("the data themselves", *_cells(real), ""))
    columns = ("run", "modes", "high quality", "reverse KL", "width / true", "CPU seconds")
    title = f"{arguments.data}, {arguments.recipe}, {results[0].steps:,} steps"
    modes = len(MIXTURES[arguments.data].means)
    bars = [
        Bar("modes, worst seed", min(each.modes for each in covered), modes, is_floor=True),
        Bar(
            "high quality, worst seed",
            100 * min(each.high_quality for each in covered),
            98,
            is_floor=True,
            unit=" %",
        ),
    ]
    tables = [Table(title, columns, rows), bar_table(bars), _published(arguments, covered)]
    figures = {
        "data": arguments.data,
        "recipe": dataclasses.asdict(POINT_RECIPES[arguments.recipe]),
        "runs": [
            {"seed": each.seed, "steps": each.steps, "seconds": each.seconds, **vars(each.coverage)}
            for each in results
        ],
    }
    Report("Modes of 2-D Gaussians", tables, figures).publish(arguments)


def _cells(coverage: ModeCoverage) -> tuple[str, str, str, str]:
    return (
        str(coverage.modes),
        f"{coverage.high_quality:.1%}",
        f"{coverage.reverse_kl:.3f}",
        f"{coverage.std_ratio:.2f}",
    )


def _published(arguments: argparse.Namespace, covered: list[ModeCoverage]) -> Table:
    modes = [each.modes for each in covered]
    error = statistics.stdev(modes) / len(modes) ** 0.5 if len(modes) > 1 else 0.0
    ours = (
        f"{arguments.recipe}, {len(covered)} seeds",
        f"{statistics.mean(modes):.1f} ± {error:.1f}",
        f"{100 * statistics.mean(each.high_quality for each in covered):.1f} %",
        f"{statistics.mean(each.reverse_kl for each in covered):.2f}",
    )
    columns = ("method", "modes", "high quality", "reverse KL")
    return Table("Beside published numbers", columns, [ours, *_PUBLISHED[arguments.data]])


if __name__ == "__main__":
    main()

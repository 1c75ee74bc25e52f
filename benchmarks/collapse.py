"""Does a preset collapse? Trains it from several seeds and looks at 64 samples of each.

    python -m benchmarks.collapse --data data/faces --runs dcgan:0 dcgan:1 dcgan:2 dcgan-2015:0

A finished run is not trained again, so the command can be stopped and repeated. Writes
`collapse.json` and a sheet of each run to `--out`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.contact_sheet import contact_sheet
from model.png import encode_png
from model.training.budget import Budget
from model.training.dataset import open_dataset
from model.training.diversity import mean_pairwise_distance, nearest_distances
from model.training.presets import PRESETS
from model.training.progress import render_samples
from model.training.runs import Machine, start_run
from model.training.state import STATE_FILE, TrainingState
from model.training.trainer import Cadence

_DATA_IMAGES = 1024
_DONE_FILE = "done"


@dataclass(frozen=True)
class Verdict:
    """What 64 samples of one run showed; distances in grey levels."""

    preset: str
    seed: int
    images_seen: int
    mean_distance: float
    ratio_to_data: float
    nearest_distance: float  # the least over all pairs of samples
    different_faces: int


def main() -> None:
    """Train what is missing, judge all, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", nargs="+", required=True, metavar="PRESET:SEED")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--work", type=Path, default=Path("runs/collapse"))
    parser.add_argument("--out", type=Path, default=Path("docs/collapse"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    pixels = np.asarray(
        open_dataset(arguments.data, img_resolution=64, img_channels=3).pixels[:_DATA_IMAGES]
    )
    # Half of what lies between the two most alike of 64 real faces: nearer is one face twice.
    same_face = float(nearest_distances(pixels[:64]).min()) / 2
    verdicts = []
    for name in arguments.runs:
        preset, _, seed = name.partition(":")
        run_dir = arguments.work / f"{preset}-{seed}"
        if not (run_dir / _DONE_FILE).exists():
            _train(preset, int(seed), run_dir, arguments)
        state = TrainingState.load(run_dir / STATE_FILE)
        samples = render_samples(state.ema_generator, state.spec)
        sheet = encode_png(contact_sheet(samples))
        (arguments.out / f"{preset}-{seed}.png").write_bytes(sheet)
        verdicts.append(_judge(state, samples, mean_pairwise_distance(pixels), same_face))
        print(_row(verdicts[-1]))
    content = json.dumps([dataclasses.asdict(verdict) for verdict in verdicts], indent=2)
    (arguments.out / "collapse.json").write_text(content + "\n")


def _train(preset: str, seed: int, run_dir: Path, arguments: argparse.Namespace) -> None:
    config = dataclasses.replace(PRESETS[preset], seed=seed)
    machine = Machine("cpu", arguments.threads)
    budget = Budget(minutes=arguments.minutes)
    shutil.rmtree(run_dir, ignore_errors=True)  # what an interruption left: minutes do not add up
    if not start_run(config, arguments.data, run_dir, machine, budget, Cadence()):
        raise SystemExit(f"{run_dir} was interrupted; repeat the command to train it anew")
    (run_dir / _DONE_FILE).touch()


def _judge(
    state: TrainingState, samples: NDArray[np.uint8], data_distance: float, same_face: float
) -> Verdict:
    distance = mean_pairwise_distance(samples)
    nearest = nearest_distances(samples)
    return Verdict(
        preset=state.config.preset,
        seed=state.config.seed,
        images_seen=state.images_seen,
        mean_distance=round(distance, 2),
        ratio_to_data=round(distance / data_distance, 3),
        nearest_distance=round(float(nearest.min()), 2),
        different_faces=int(count_different(samples, same_face)),
    )


def count_different(samples: NDArray[np.uint8], same_face: float) -> int:
    """Count samples that are not within `same_face` grey levels of an earlier one."""
    rows = samples.reshape(len(samples), -1).astype(np.float64)
    kept: list[NDArray[np.float64]] = []
    for row in rows:
        if all(np.sqrt(np.mean((row - other) ** 2)) > same_face for other in kept):
            kept.append(row)
    return len(kept)


def _row(verdict: Verdict) -> str:
    return (
        f"| {verdict.preset} | {verdict.seed} | {verdict.images_seen:,} | "
        f"{verdict.mean_distance:.1f} | {verdict.ratio_to_data:.2f} | "
        f"{verdict.nearest_distance:.1f} | {verdict.different_faces} of 64 |"
    )


if __name__ == "__main__":
    main()

"""A few steps of some recipes on whatever ranks there are; `test_ranks` starts it twice."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model.training import ranks
from model.training.presets import PRESETS
from model.training.state import TrainingState
from model.training.train_step import train_step

STEPS = 6
BATCH = 8
# bfloat16 rounds a share otherwise than a whole batch, and would hide what is asked here.
BFLOAT16_TESTS = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")


def make_state(case: str) -> TrainingState:
    """Return the state of a small run of a preset, or of the default with ADA."""
    preset = PRESETS["dcgan" if case == "ada" else case]
    config = dataclasses.replace(
        preset,
        img_resolution=16,
        z_dim=16,
        base_channels=4,
        discriminator_channels=4,
        batch_size=BATCH,
        augment="ada" if case == "ada" else "none",
        ada_kimg=0.1,
    )
    return TrainingState(config, config.generator_spec(3), {})


def take_steps(state: TrainingState, steps: range) -> Tensor:
    """Train on images of noise; returns what steps measured, (n, 5)."""
    random = np.random.RandomState(5)
    pixels = random.randint(0, 256, (STEPS, BATCH, 16, 16, 3), dtype=np.uint8)
    labels = random.randint(0, 3, (STEPS, BATCH))
    measured = []
    for step in steps:
        classes = ranks.share(labels[step]) if state.spec.is_conditional else None
        losses = train_step(state, ranks.share(pixels[step]), classes)
        measured.append(torch.stack(list(vars(losses).values())))
    return torch.stack(measured)


def main(folder: Path, cases: list[str]) -> None:
    """Write what this rank has after the steps, and as the run's own state."""
    torch.set_num_threads(1)
    for name in BFLOAT16_TESTS:
        setattr(torch.cpu, name, lambda: False)
    with ranks.joined_ranks("cpu"):
        rank = torch.distributed.get_rank()
        for case in cases:
            state = make_state(case)
            losses = take_steps(state, range(STEPS))
            state.save(folder / f"{case}.pt")
            weights = {f"g.{k}": v for k, v in state.generator.state_dict().items()}
            weights |= {f"d.{k}": v for k, v in state.discriminator.state_dict().items()}
            torch.save({**weights, "losses": losses}, folder / f"{case}-{rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])

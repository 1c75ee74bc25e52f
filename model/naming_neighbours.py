"""The command `neighbours`: the seeds whose latents are near to that of one."""

from __future__ import annotations

import argparse

from model.checkpoint import read_checkpoint
from model.latents import sample_latents
from model.neighbours import nearest_seeds


def run_neighbours(arguments: argparse.Namespace) -> None:
    """Print the seeds whose z is nearest to that of a seed, nearest first."""
    spec = read_checkpoint(arguments.checkpoint).spec
    label = 0 if spec.is_conditional else None  # only z is compared
    if arguments.count < 1:
        raise ValueError(f"--count must be 1 or more, not {arguments.count}")
    z = sample_latents(spec, [arguments.seed], label).z[0]
    for found in nearest_seeds(spec, z, arguments.count, arguments.among):
        print(f"{found.seed}\tdistance {found.distance:.3f}\tcosine {found.cosine:.3f}")

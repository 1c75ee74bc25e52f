"""The command `walk`: the images on the way from seed to seed."""

from __future__ import annotations

import argparse

from model.checkpoint import read_checkpoint
from model.edits import edit_rows
from model.exploring import read_edits
from model.latents import interpolate, sample_latents, truncate
from model.sampling import label_index, parse_seeds, render_latents, save_rows

_MAX_STEPS = 10_000


def run_walk(arguments: argparse.Namespace) -> None:
    """Render the walk through the seeds: a strip, or one PNG a frame if `--out` is a folder."""
    seeds, steps = parse_seeds(arguments.seeds), arguments.steps
    if not 2 <= len(seeds) <= steps <= _MAX_STEPS:
        raise ValueError(
            f"a walk needs two seeds or more and from as many steps to {_MAX_STEPS}, "
            f"not {len(seeds)} seeds and {steps} steps"
        )
    checkpoint = read_checkpoint(arguments.checkpoint)
    label = None if arguments.label is None else label_index(checkpoint, arguments.label)
    key_frames = sample_latents(checkpoint.spec, seeds, label)
    walk = interpolate(key_frames, steps, arguments.method, arguments.easing)
    latents = truncate(walk, arguments.truncation)
    latents = edit_rows(latents, checkpoint.directions, [read_edits(arguments.edits)] * steps)
    pixels = render_latents(checkpoint, latents, arguments.device, arguments.precision)
    save_rows(pixels, [f"frame-{row:04d}" for row in range(steps)], arguments.out, steps)
    print(f"{arguments.out}: a walk through {len(seeds)} seeds in {steps} steps")

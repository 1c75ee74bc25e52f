"""The flags of `python -m model invert`."""

from __future__ import annotations

import argparse
from pathlib import Path

# Named here, not read from model.observation, so that --help loads no torch.
_TASKS = ("invert", "inpaint", "denoise", "super-resolve")


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the flags to `command`."""
    command.add_argument("checkpoint", type=Path, metavar="FILE.safetensors")
    command.add_argument("image", type=Path, metavar="IMAGE", help="a PNG, JPEG or WebP")
    command.add_argument(
        "--task",
        choices=_TASKS,
        default="invert",
        help="inpaint fills what is transparent (default: invert)",
    )
    command.add_argument("--label", help="a class name or number; none: every class is tried")
    command.add_argument("--steps", type=int, default=300, help="steps of descent (default: 300)")
    command.add_argument("--restarts", type=int, default=8, help="descents (default: 8)")
    command.add_argument("--seed", type=int, default=0, help="the first start (default: 0)")
    command.add_argument(
        "--realism",
        type=float,
        default=0.0,
        help="how much the discriminator's judgement weighs, from 0 (not at all, the default) to 1",
    )
    command.add_argument(
        "--factor",
        type=int,
        choices=(2, 4, 8),
        default=4,
        help="how many times smaller the image of super-resolve is (default: 4)",
    )
    command.add_argument(
        "--out", type=Path, default=Path("found.png"), help="the image found (default: found.png)"
    )
    command.add_argument(
        "--latent", type=Path, help="the latent as /generate takes it (default: OUT as .json)"
    )

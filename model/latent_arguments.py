"""The arguments of the commands about the latent space: directions, explore, mix."""

from __future__ import annotations

import argparse
from pathlib import Path

from model.subcommand import Subcommands, add_device, add_rendering, add_subcommand


def add_latent_commands(commands: Subcommands) -> None:
    """Add directions, explore and mix."""
    _add_directions(commands)
    _add_explore(commands)
    _add_mix(commands)


def add_edits(command: argparse.ArgumentParser) -> None:
    """Add how far to go along which directions."""
    command.add_argument(
        "--edits", metavar="NAME:STRENGTH,...", help="such as glasses:1.5,sefa-3:-2"
    )


def _add_directions(commands: Subcommands) -> None:
    command = add_subcommand(
        commands,
        "directions",
        "model.training.directing:run_directions",
        "Find directions in a checkpoint, named attributes from a data set's labels, and write "
        "them into it: the same images, a new digest.",
    )
    command.add_argument("checkpoint", type=Path, metavar="FILE.safetensors")
    command.add_argument(
        "--data",
        type=Path,
        metavar="DIR|ZIP",
        help="labelled images it was trained on, for directions with names (default: none)",
    )
    command.add_argument(
        "--out", type=Path, metavar="FILE.safetensors", help="write here instead (default: FILE)"
    )
    command.add_argument("--seed", type=int, default=0, help="of every random choice (default: 0)")
    add_device(command)


def _add_explore(commands: Subcommands) -> None:
    command = add_subcommand(
        commands,
        "explore",
        "model.exploring:run_explore",
        "Render a seed along a direction: a strip, or a folder of single images.",
    )
    command.add_argument("checkpoint", type=Path, metavar="FILE.safetensors")
    command.add_argument("--seed", type=int, required=True, help="whose image is changed")
    command.add_argument("--direction", required=True, metavar="NAME", help="such as sefa-1")
    bound = "strength (default: what the direction is meant for)"
    command.add_argument("--from", dest="start", type=float, metavar="S", help=f"first {bound}")
    command.add_argument("--to", dest="stop", type=float, metavar="S", help=f"last {bound}")
    command.add_argument("--steps", type=int, default=9, help="images in all (default: 9)")
    _add_image(command, "strip.png")


def _add_mix(commands: Subcommands) -> None:
    command = add_subcommand(
        commands,
        "mix",
        "model.exploring:run_mix",
        "Add and take away the mean latents of seeds, as in DCGAN's paper.",
    )
    command.add_argument("checkpoint", type=Path, metavar="FILE.safetensors")
    command.add_argument(
        "--plus", action="append", default=[], metavar="SEEDS", help="such as 1,2,3; repeatable"
    )
    command.add_argument(
        "--minus", action="append", default=[], metavar="SEEDS", help="such as 4,5,6; repeatable"
    )
    command.add_argument(
        "--rescale",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="bring the sum to the length of a sample (default: on)",
    )
    _add_image(command, "mix.png")


def _add_image(command: argparse.ArgumentParser, out: str) -> None:
    command.add_argument("--label", help="a class name or number, for a conditional generator")
    command.add_argument(
        "--truncation", type=float, default=1.0, help="from 0 (typical) to 1 (varied, the default)"
    )
    add_edits(command)
    command.add_argument(
        "--out", type=Path, default=Path(out), help=f"FILE.png, or a folder (default: {out})"
    )
    add_rendering(command)

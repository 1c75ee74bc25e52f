"""The arguments of the commands about the latent space: directions, explore and more."""

from __future__ import annotations

import argparse
from pathlib import Path

from model.subcommand import Subcommands, add_device, add_rendering, add_subcommand, read_names

# Named here, not read from model.easing, so that --help loads no numpy.
_EASINGS = ("linear", "ease", "ease-in", "ease-out", "ease-in-out")


def add_latent_commands(commands: Subcommands) -> None:
    """Add directions, explore, walk, mix and neighbours."""
    _add_directions(commands)
    _add_explore(commands)
    _add_walk(commands)
    _add_mix(commands)
    _add_neighbours(commands)


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
        "--drop",
        type=read_names,
        default=(),
        metavar="NAME,...",
        help="leave these out, such as one that another judge does not confirm",
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
    command.add_argument(
        "--through", metavar="S,S,...", help="strengths to pass instead, as --through=0,3,-3,0"
    )
    command.add_argument("--steps", type=int, default=9, help="images in all (default: 9)")
    _add_easing(command)
    _add_image(command, "strip.png")


def _add_walk(commands: Subcommands) -> None:
    command = add_subcommand(
        commands,
        "walk",
        "model.walking:run_walk",
        "Render the way from seed to seed: a strip, or a folder of single images.",
    )
    command.add_argument("checkpoint", type=Path, metavar="FILE.safetensors")
    command.add_argument("--seeds", required=True, help="the seeds to pass, such as 1,2,9-12")
    command.add_argument("--steps", type=int, default=16, help="images in all (default: 16)")
    command.add_argument(
        "--method",
        choices=("slerp", "lerp"),
        default="slerp",
        help="on the sphere, or straight (default: slerp)",
    )
    _add_easing(command)
    _add_image(command, "walk.png")


def _add_easing(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--easing",
        choices=_EASINGS,
        default="linear",
        help="between each two key frames, as CSS has it (default: linear)",
    )


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


def _add_neighbours(commands: Subcommands) -> None:
    command = add_subcommand(
        commands,
        "neighbours",
        "model.naming_neighbours:run_neighbours",
        "Name the seeds whose latents are nearest to that of a seed.",
    )
    command.add_argument("checkpoint", type=Path, metavar="FILE.safetensors")
    command.add_argument("--seed", type=int, required=True, help="whose neighbours")
    command.add_argument("--count", type=int, default=8, help="how many to name (default: 8)")
    command.add_argument(
        "--among", type=int, default=10_000, help="the seeds 0 to AMONG - 1 (default: 10000)"
    )


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

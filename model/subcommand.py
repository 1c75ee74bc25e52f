"""One command of `python -m model`, and the arguments that several have."""

from __future__ import annotations

import argparse
from typing import TypeAlias

Subcommands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_subcommand(
    commands: Subcommands, name: str, handler: str, text: str
) -> argparse.ArgumentParser:
    """Add a command that calls `handler`, "module:function", imported when it is needed."""
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text, formatter_class=argparse.HelpFormatter
    )
    command.set_defaults(handler=handler)
    return command


def add_device(command: argparse.ArgumentParser) -> None:
    """Add where to compute."""
    command.add_argument("--device", default="auto", help="auto (the default), cpu, cuda or cuda:1")


def add_rendering(command: argparse.ArgumentParser) -> None:
    """Add where and how a checkpoint is rendered."""
    add_device(command)
    command.add_argument(
        "--precision",
        choices=["auto", "int8", "float16", "bfloat16", "float32"],
        default="auto",
        help="number format of the generator (auto, the default: as the service does)",
    )


def read_names(text: str) -> tuple[str, ...]:
    """Read names with commas between them."""
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise argparse.ArgumentTypeError(f"names are written like smile,glasses, not {text!r}")
    return names

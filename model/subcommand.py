"""`add_subcommand`: one command of `python -m model`."""

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

"""`Report`: tables that a person reads, as text or Markdown, and the same figures as JSON."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import this_machine


@dataclass(frozen=True)
class Table:
    """Rows of text under headings."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def text(self) -> str:
        """Align the columns for a terminal."""
        lines = [self.columns, *self.rows]
        widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
        padded = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        rule = "  ".join("-" * width for width in widths)
        return "\n".join([self.title, padded[0], rule, *padded[1:]])

    def markdown(self) -> str:
        """Write a Markdown table."""
        lines = [self.columns, ("---",) * len(self.columns), *self.rows]
        return "\n".join([f"**{self.title}**", "", *(f"| {' | '.join(line)} |" for line in lines)])


@dataclass(frozen=True)
class Bar:
    """A claim, what was seen, and what it has to be: at least or at most `limit`."""

    claim: str
    seen: float
    limit: float
    is_floor: bool
    unit: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the claim holds; a figure that is missing (NaN) meets nothing."""
        return self.seen >= self.limit if self.is_floor else self.seen <= self.limit

    def row(self) -> tuple[str, ...]:
        """Return the row of a table of bars."""
        bound = f"{'>=' if self.is_floor else '<='} {self.limit:g}{self.unit}"
        return (self.claim, f"{self.seen:.2f}{self.unit}", bound, "yes" if self.is_met else "no")


def bar_table(bars: list[Bar]) -> Table:
    """Lay claims out as a table."""
    return Table("Against the bars", ("claim", "seen", "bar", "met"), [bar.row() for bar in bars])


@dataclass(frozen=True)
class Report:
    """All that a benchmark has to say."""

    title: str
    tables: list[Table]
    figures: Any  # what is written as JSON

    def publish(self, arguments: argparse.Namespace) -> None:
        """Print the tables and write the JSON that the command line asks for."""
        quick = " (quick: too short to quote)" if arguments.quick else ""
        print(f"{self.title}{quick}\n{arguments.machine}")
        for table in self.tables:
            print(f"\n{table.markdown() if arguments.markdown else table.text()}")
        if arguments.json is not None:
            content = {"machine": dataclasses.asdict(arguments.machine), "figures": self.figures}
            arguments.json.parent.mkdir(parents=True, exist_ok=True)
            arguments.json.write_text(json.dumps(content, indent=2, default=_as_json) + "\n")


def _as_json(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def report_parser(documentation: str | None) -> argparse.ArgumentParser:
    """Return a parser with what every benchmark takes."""
    parser = argparse.ArgumentParser(
        description=(documentation or "").splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="only see whether it works")
    parser.add_argument("--json", type=Path, default=None, help="write the figures to this file")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    # Before anything runs: whoever is busy now is somebody else.
    parser.set_defaults(machine=this_machine())
    return parser

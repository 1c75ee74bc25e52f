"""The leaderboard as a table and as a page: means over seeds with error bars, failures kept."""

from __future__ import annotations

import itertools
import shutil
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.leaderboard_run import SHEET_FILE, Entry
from benchmarks.report import Table

_ORDER = "kernel_distance"
_COLUMNS: tuple[tuple[str, Callable[[Entry], float | None]], ...] = (
    ("kernel distance", lambda entry: entry.scores.get(_ORDER)),
    ("its floor", lambda entry: entry.scores.get(f"{_ORDER}_real")),
    ("Frechet distance", lambda entry: entry.scores.get("frechet_distance")),
    ("precision", lambda entry: entry.scores.get("precision")),
    ("recall", lambda entry: entry.scores.get("recall")),
    ("diversity", lambda entry: entry.diversity),
    ("thousand images", lambda entry: entry.images_seen / 1000),
)


def leaderboard(title: str, entries: Sequence[Entry]) -> Table:
    """Rank presets by their mean kernel distance; what has no score comes last."""
    by_preset = itertools.groupby(
        sorted(entries, key=lambda entry: entry.preset), key=lambda entry: entry.preset
    )
    ranked = sorted((_rank(group := list(runs)), name, group) for name, runs in by_preset)
    rows = [_row(name, group) for _, name, group in ranked]
    columns = ("preset", "seeds", *(name for name, _ in _COLUMNS), "failed")
    return Table(title, columns, rows)


def write_page(path: Path, tables: Sequence[Table], entries: Sequence[Entry], folder: Path) -> None:
    """Write a page of the tables, what failed and a sheet of each preset's first seed."""
    sheets = path.with_suffix("")
    sheets.mkdir(parents=True, exist_ok=True)
    lines = ["# Leaderboard", "", "Mean ± standard deviation over seeds."]
    for table in tables:
        lines += ["", table.markdown()]
    failures = [entry for entry in entries if entry.failure]
    if failures:
        lines += ["", "## What failed", ""]
        lines += [f"- `{run.preset}`, seed {run.seed}: {run.failure}" for run in failures]
    lines += ["", "## Samples"]
    for preset in dict.fromkeys(entry.preset for entry in entries):
        first = min(entry.seed for entry in entries if entry.preset == preset)
        sheet = folder / f"{preset}-{first}" / SHEET_FILE
        if sheet.exists():
            shutil.copyfile(sheet, sheets / f"{preset}.png")
            lines += ["", f"`{preset}`", "", f"![{preset}]({sheets.name}/{preset}.png)"]
    path.write_text("\n".join(lines) + "\n")


def _rank(runs: Sequence[Entry]) -> float:
    values = [run.scores[_ORDER] for run in runs if _ORDER in run.scores]
    return statistics.mean(values) if values else float("inf")


def _row(name: str, runs: Sequence[Entry]) -> tuple[str, ...]:
    cells = []
    for _, read in _COLUMNS:
        values = [value for run in runs if not run.failure and (value := read(run)) is not None]
        cells.append(_spread(values))
    failed = sum(bool(run.failure) for run in runs)
    return (f"`{name}`", str(len(runs)), *cells, str(failed or ""))


def _spread(values: Sequence[float]) -> str:
    if not values:
        return ""
    mean = f"{statistics.mean(values):.3g}"
    return f"{mean} ± {statistics.stdev(values):.2g}" if len(values) > 1 else mean

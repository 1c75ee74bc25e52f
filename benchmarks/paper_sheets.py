"""The sheets of the paper's demonstrations, laid out as its figures are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.vector_arithmetic import ArithmeticSheet, Concept
from model.contact_sheet import contact_sheet

_GREY = "#6b7280"


def plot_walks(pixels: NDArray[np.uint8], path: Path) -> None:
    """Draw walks (rows, steps, h, w, c), one a row (figure 4)."""
    rows, steps = pixels.shape[:2]
    figure = Figure(figsize=(0.8 * steps, 0.8 * rows))
    axes = figure.add_axes((0, 0, 1, 1))
    _show(axes, contact_sheet(pixels.reshape(-1, *pixels.shape[2:]), steps))
    _save(figure, path)


def plot_equations(sheets: list[ArithmeticSheet], path: Path) -> None:
    """Draw each equation: three samples of A, B and C, their averages, nine results (figure 7).

    Takes an even number: a draw that came out beside one that did not.
    """
    figure = Figure(figsize=(15.2, 4.0 * (len(sheets) // 2)), layout="constrained")
    for row, part in enumerate(figure.subfigures(len(sheets) // 2, 2, squeeze=False).flat):
        _draw_equation(part.subplots(1, 4, width_ratios=(1, 1, 1, 3)), sheets[row])
    _save(figure, path)


def _draw_equation(axes: NDArray[np.object_], sheet: ArithmeticSheet) -> None:
    equation = sheet.equation
    for column, (sign, concept) in enumerate(
        zip(("", "- ", "+ "), (equation.a, equation.b, equation.c), strict=True)
    ):
        side = sheet.averages.shape[1]
        gap = np.full((side // 8, side, 3), 255, np.uint8)
        stack = np.concatenate([*sheet.samples[column], gap, sheet.averages[column]])
        _show(axes[column], stack)
        axes[column].set_title(sign + _describe(concept), fontsize=8)
        axes[column].set_xlabel("average", fontsize=7, color=_GREY)
    _show(axes[3], contact_sheet(sheet.results, 3))
    axes[3].set_title(f"= {_describe(equation.result)}?", fontsize=8)
    axes[3].set_xlabel("in the middle A - B + C, around it with noise", fontsize=7, color=_GREY)


def plot_dropping(rows: list[tuple[str, NDArray[np.uint8]]], path: Path) -> None:
    """Draw rows of samples (n, h, w, c) with their names: before and after (figure 6)."""
    count = len(rows[0][1])
    figure = Figure(figsize=(0.8 * count, 1.02 * len(rows)), layout="constrained")
    for axes, (name, pixels) in zip(figure.subplots(len(rows), 1), rows, strict=True):
        _show(axes, contact_sheet(pixels, count))
        axes.set_title(name, fontsize=8, loc="left", pad=2)
    _save(figure, path)


def _describe(concept: Concept) -> str:
    words = {
        ("glasses", "yes"): "glasses",
        ("glasses", "no"): "no glasses",
        ("smile", "yes"): "smiling",
        ("smile", "no"): "not smiling",
    }
    return ",\n".join(words.get((name, value), f"{value} hair") for name, value in concept.items())


def _show(axes: Axes, pixels: NDArray[np.uint8]) -> None:
    axes.imshow(pixels.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)

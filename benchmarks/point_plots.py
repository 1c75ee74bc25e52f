"""The plot of points: the data beside what a generator makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray


def plot_points(
    real: NDArray[np.float32], generated: NDArray[np.float32], note: str, path: Path
) -> None:
    """Draw two scatter plots of points (n, 2) on the same scale."""
    figure = Figure(figsize=(8.0, 4.3), layout="constrained")
    limit = 1.15 * float(np.abs(real).max())
    panels = (("data", real, "#30343f"), ("generated", generated, "#d1495b"))
    for axes, (title, points, colour) in zip(figure.subplots(1, 2), panels, strict=True):
        axes.scatter(points[:, 0], points[:, 1], s=3, alpha=0.35, linewidths=0, color=colour)
        axes.set_title(title, fontsize=9)
        axes.set_xlim(-limit, limit)
        axes.set_ylim(-limit, limit)
        axes.set_aspect("equal")
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel(note, fontsize=7, color="#6b7280")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=140)

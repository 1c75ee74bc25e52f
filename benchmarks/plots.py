"""The plot of requests/s by server and connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

# Ganloom in a colour of its own, the others in shades of grey: the eye needs no legend twice.
_OURS = "#d1495b"
_OTHERS = ("#30343f", "#6b7280", "#9ca3af", "#c7ccd4", "#e2e5ea")


def plot_rates(
    rates: Mapping[str, Mapping[int, float]], connections: Sequence[int], note: str, path: Path
) -> None:
    """Draw grouped bars: a group for each number of connections, a bar for each server."""
    # Room at the foot for the note. No pyplot: nothing here is on a screen.
    layout = ConstrainedLayoutEngine(rect=(0, 0.03, 1, 0.97))
    figure = Figure(figsize=(8.0, 3.8), layout=layout)
    axes = figure.subplots()
    width = 0.84 / len(rates)
    colours = iter(_OTHERS)
    for place, (name, by_connections) in enumerate(rates.items()):
        offsets = [group - 0.42 + (place + 0.5) * width for group in range(len(connections))]
        heights = [by_connections[count] for count in connections]
        bars = axes.bar(
            offsets,
            heights,
            width * 0.94,
            label=name,
            color=_OURS if place == 0 else next(colours, _OTHERS[-1]),
        )
        axes.bar_label(bars, fmt="%.0f", padding=1, fontsize=6.5)
    names = [f"{count} connection{'s' * (count > 1)}" for count in connections]
    axes.set_xticks(range(len(connections)), names)
    axes.set_ylabel("images a second, one a request")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="x", length=0)
    axes.legend(frameon=False, ncols=3, loc="upper left", fontsize=8)
    axes.margins(y=0.22)
    figure.text(0.995, 0.005, note, ha="right", va="bottom", fontsize=5.5, color="#6b7280")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)

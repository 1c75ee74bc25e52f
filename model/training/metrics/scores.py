"""`Score` and `Evaluation`: what was measured, as a table, as JSON, and for a checkpoint."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.training.metrics.confidence import Estimate

Better = Literal["lower", "higher", "like real"]


@dataclass(frozen=True)
class Score:
    """One score of the samples, and the same of real images against other real images."""

    name: str
    generated: Estimate
    real: Estimate
    better: Better


@dataclass(frozen=True)
class Evaluation:
    """Every score of a checkpoint with what it was measured on.

    Attributes:
        facts: Which checkpoint, data, features, precision and software, by name and digest.
        samples: How many samples, and real images in each half.
        scores: In the order of the table.
        closest: The samples that are nearest to a training image, nearest first, each followed
            by that image, (2 k, h, w, c).
    """

    facts: dict[str, str]
    samples: int
    scores: tuple[Score, ...]
    closest: NDArray[np.uint8] | None = field(default=None, compare=False, repr=False)

    def to_table(self) -> str:
        """Write the scores as a Markdown table."""
        rows: list[tuple[str, ...]] = [
            ("score", "generated", "95 %", "real against real", "95 %", "better", "interval")
        ]
        for score in self.scores:
            cells = [score.name]
            for estimate in (score.generated, score.real):
                cells.append(_number(estimate.value))
                cells.append(f"{_number(estimate.low)} to {_number(estimate.high)}")
            rows.append((*cells, score.better, score.generated.method))
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = [
            "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
            for row in rows
        ]
        lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
        return "\n".join(lines)

    def to_json(self) -> str:
        """Write everything as indented JSON."""
        scores = {
            score.name: {
                "generated": dataclasses.asdict(score.generated),
                "real": dataclasses.asdict(score.real),
                "better": score.better,
            }
            for score in self.scores
        }
        content = {**self.facts, "samples": self.samples, "scores": scores}
        return json.dumps(content, indent=2) + "\n"

    def for_provenance(self) -> dict[str, float]:
        """Return the figures that a checkpoint carries: `NAME`, `NAME_real` and the count."""
        figures = {"scored_samples": float(self.samples)}
        for score in self.scores:
            figures[score.name] = float(f"{score.generated.value:.6g}")
            figures[f"{score.name}_real"] = float(f"{score.real.value:.6g}")
        return figures


def _number(value: float) -> str:
    """Write four digits, and no digits of noise for what is nearly 0."""
    return f"{value:.5f}" if 0.0 < abs(value) < 0.01 else f"{value:.4g}"

"""Directions of named attributes, fitted to what a judge sees in generated images."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from model.checkpoint import Checkpoint
from model.directions import MAX_DIRECTIONS, Direction, Directions
from model.generators import load_generator
from model.latents import Latents, sample_latents
from model.numeric_path import to_tensors
from model.training.attribute_judge import AttributeJudge

STRENGTHS = (2.0, 3.0, 4.0, 5.0, 6.0)
MIN_AGREEMENT = 0.8
_FIRST_SEED = 2**41  # far from the seeds that people look at
_MIN_ACCURACY = 0.8  # of the judge, on real images; 0.5 is guessing
_BATCH = 24
_RATE = 0.3  # of a typical entry of a unit vector
_LEAK_WEIGHT = 0.1


@dataclass(frozen=True)
class Effort:
    """How many seeds are judged for the first guess and for the figures, and steps between."""

    fitted: int = 6000
    steps: int = 40
    measured: int = 160


@dataclass(frozen=True)
class _Sight:
    """A generator with the judge that looks at its images."""

    generator: nn.Module
    judge: AttributeJudge
    latents: Latents  # (n, z_dim): rows to draw from

    def logits(self, start: int, stop: int, shift: Tensor) -> Tensor:
        """Judge rows `start` to `stop`, moved by `shift` (z_dim,): (n, k)."""
        z, labels = to_tensors(self.latents.rows(start, stop), torch.device("cpu"))
        return self.judge.logits(self.generator(z + shift, labels))

    @torch.no_grad()
    def all_logits(self, shift: Tensor) -> Tensor:
        """Judge every row."""
        starts = range(0, len(self.latents), 250)
        return torch.cat([self.logits(at, at + 250, shift) for at in starts])


def fit_attributes(
    checkpoint: Checkpoint,
    judges: tuple[AttributeJudge, AttributeJudge],
    names: Sequence[str],
    effort: Effort | None = None,
    show_progress: bool = False,
) -> Directions:
    """Return a direction for each of the judges' k attributes that one can move.

    After InterFaceGAN (Shen et al., 2020, section 3): the first judge looks at many samples, and
    what it says is regressed on z; that is the first guess. Attributes share directions of z,
    so a guess moves others too; as section 3.2 projects them away, the guess is then steered,
    through generator and judge, to move its own attribute at both ends and no other
    (Jahanian et al., 2020, equation 2). Kept are those for which the second judge, who knows
    other images and steered nothing, sees the attribute at +strength and not at -strength in
    four fifths of seeds that were not fitted, at the least of the strengths 2 to 6 that does it.
    """
    effort = effort or Effort()
    judge, verifier = judges
    generator = load_generator(checkpoint.spec, checkpoint.weights)
    last = _FIRST_SEED + effort.fitted
    sight = _Sight(generator, judge, sample_latents(checkpoint.spec, range(_FIRST_SEED, last)))
    unseen = sample_latents(checkpoint.spec, range(last, last + effort.measured))
    guesses = _regress(sight)
    vectors, entries = [], []
    accuracies = np.minimum(judge.accuracies, verifier.accuracies)
    usable = np.flatnonzero(accuracies >= _MIN_ACCURACY)[: MAX_DIRECTIONS // 2]
    for column in tqdm(usable, desc="attributes", disable=not show_progress):
        others = [j for j in range(len(names)) if group_of(names[j]) != group_of(names[column])]
        vector = _steer(sight, guesses[column], column, others, effort.steps)
        measured = _Sight(generator, verifier, unseen)
        entry = _measure(measured, vector, column, names)
        if entry.scores["agreement"] >= MIN_AGREEMENT:
            vectors.append(vector.numpy())
            entries.append(entry)
    if not entries:
        return Directions()
    return Directions(np.stack(vectors), _number(entries))


def group_of(column: str) -> str:
    """Return the attribute that a column belongs to: hair of hair:black, glasses of glasses."""
    return column.partition(":")[0]


def direction_name(column: str) -> str:
    """Return the column's name as a direction has it: hair-black of hair:black."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", column).strip("-._")[:64] or "attribute"


def _regress(sight: _Sight) -> Tensor:
    """Return the direction of z in which each logit rises most, unit rows (k, z_dim)."""
    logits = sight.all_logits(torch.zeros(sight.latents.z.shape[1])).double()
    z = torch.from_numpy(sight.latents.z).double()
    z = z - z.mean(dim=0)
    solution = torch.linalg.lstsq(z, logits - logits.mean(dim=0)).solution
    return F.normalize(solution.T, dim=1).float()


def _steer(sight: _Sight, guess: Tensor, column: int, others: Sequence[int], steps: int) -> Tensor:
    """Improve a unit vector (z_dim,) so that it moves `column` and as little else as can be."""
    vector = guess.clone().requires_grad_()
    optimizer = torch.optim.Adam([vector], _RATE / guess.numel() ** 0.5)
    for step in range(steps):
        start = step * _BATCH % max(1, len(sight.latents) - _BATCH + 1)
        # Strengths of 3, 4 and 5 in turn: it has to work at each.
        shift = (3.0 + step % 3) * F.normalize(vector, dim=0)
        up = sight.logits(start, start + _BATCH, shift)
        down = sight.logits(start, start + _BATCH, -shift)
        own = F.softplus(-up[:, column]) + F.softplus(down[:, column])
        leak = (up[:, others].sigmoid() - down[:, others].sigmoid()).abs().sum(dim=1)
        optimizer.zero_grad()
        (own + _LEAK_WEIGHT * leak).mean().backward()
        optimizer.step()
    return F.normalize(vector.detach().double(), dim=0).float()


def _measure(sight: _Sight, vector: Tensor, column: int, names: Sequence[str]) -> Direction:
    """Describe a vector at the least strength that agrees often enough, else at the best."""
    measured = []
    for strength in STRENGTHS:
        up = (sight.all_logits(strength * vector) > 0).numpy()
        down = (sight.all_logits(-strength * vector) > 0).numpy()
        agreement = float(np.mean(up[:, column] & ~down[:, column]))
        measured.append((agreement, strength, leaks_of(up != down, column, names)))
        if agreement >= 0.5 + MIN_AGREEMENT / 2:  # with room to spare for other seeds
            break
    agreement, strength, leaks = max(measured, key=lambda found: found[0])
    scores = {
        "agreement": round(agreement, 3),
        "judge_accuracy": round(float(sight.judge.accuracies[column]), 3),
    }
    name = direction_name(names[column])
    return Direction(name, "attribute", 1, strength, scores, leaks)


def leaks_of(moved: NDArray[np.bool_], column: int, names: Sequence[str]) -> dict[str, float]:
    """Return for each other attribute the share of rows whose verdict moved, from (n, k)."""
    groups: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        groups.setdefault(group_of(name), []).append(index)
    del groups[group_of(names[column])]
    return {
        direction_name(group): round(float(moved[:, columns].any(axis=1).mean()), 3)
        for group, columns in groups.items()
    }


def _number(entries: Sequence[Direction]) -> tuple[Direction, ...]:
    return tuple(
        Direction(e.name, e.kind, order, e.strength, e.scores, e.leaks)
        for order, e in enumerate(entries, start=1)
    )

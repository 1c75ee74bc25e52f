"""`Directions`: named ways through the latent space; along each, one thing changes."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

DirectionKind = Literal["sefa", "pca", "attribute"]

MAX_DIRECTIONS = 256
# Of a name: it stands in URLs beside a colon and between commas.
NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
# z along a unit vector is a standard normal number: three deviations hold nearly all of it.
DEFAULT_STRENGTH = 3.0
_MAX_STRENGTH = 100.0
_UNIT_TOLERANCE = 1e-4
_NAME = re.compile(NAME_PATTERN)


class DirectionsError(ValueError):
    """Directions that are malformed; the message says what is wrong."""


@dataclass(frozen=True)
class Direction:
    """What is known of one vector.

    `order` counts from 1 among its kind, the strongest first. Edits from -`strength` to
    `strength` are what it is meant for. `scores` are measured shares, from 0 to 1, that fitting
    an attribute found; `leaks` the share of samples in which another attribute is another one
    at `strength` than at -`strength`. DirectionsError if a field is out of its bounds.
    """

    name: str
    kind: DirectionKind
    order: int = 1
    strength: float = DEFAULT_STRENGTH
    scores: Mapping[str, float] = field(default_factory=dict)
    leaks: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check every field."""
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise DirectionsError(
                "a direction's name is up to 64 letters, digits, dots, dashes and underscores"
            )
        if self.kind not in get_args(DirectionKind):
            raise DirectionsError(f"direction {self.name!r} has the unknown kind {self.kind!r}")
        if type(self.order) is not int or not 1 <= self.order <= MAX_DIRECTIONS:
            raise DirectionsError(f"direction {self.name!r} has the order {self.order!r}")
        if not _is_number(self.strength) or not 0 < self.strength <= _MAX_STRENGTH:
            raise DirectionsError(f"direction {self.name!r} has the strength {self.strength!r}")
        if not _is_table(self.scores) or not _is_table(self.leaks):
            raise DirectionsError(f"direction {self.name!r} has malformed scores or leaks")


@dataclass(frozen=True)
class Directions:
    """Unit vectors float32 (k, z_dim) and what is known of each; k may be 0.

    DirectionsError if they are of different number, a name occurs twice, or a vector is not
    finite and of length 1.
    """

    vectors: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    entries: tuple[Direction, ...] = ()

    def __post_init__(self) -> None:
        """Check that vectors and entries belong together."""
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.entries):
            raise DirectionsError(
                f"there are {len(self.entries)} directions for vectors of {self.vectors.shape}"
            )
        if len(self.entries) > MAX_DIRECTIONS:
            raise DirectionsError(f"there are more than {MAX_DIRECTIONS} directions")
        if len(set(self.names)) != len(self.names):
            raise DirectionsError("two directions have the same name")
        lengths = np.linalg.norm(self.vectors.astype(np.float64), axis=1)
        # Written so that a length that is not a number fails too.
        if not (np.abs(lengths - 1.0) < _UNIT_TOLERANCE).all():
            raise DirectionsError("a direction's vector is not of length 1")

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.entries)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(entry.name for entry in self.entries)

    def find(self, name: str) -> Direction:
        """Return what is known of a direction; DirectionsError lists the names."""
        return self.entries[self._index(name)]

    def vector(self, name: str) -> NDArray[np.float32]:
        """Return the unit vector of a direction, (z_dim,); DirectionsError lists the names."""
        vector: NDArray[np.float32] = self.vectors[self._index(name)]
        return vector

    def of_kind(self, *kinds: DirectionKind) -> Directions:
        """Return those of some kinds, in order."""
        rows = [row for row, entry in enumerate(self.entries) if entry.kind in kinds]
        return Directions(self.vectors[rows], tuple(self.entries[row] for row in rows))

    def without(self, *names: str) -> Directions:
        """Return all but these, numbered anew; DirectionsError lists the names there are."""
        dropped = {self._index(name) for name in names}
        rows = [row for row in range(len(self)) if row not in dropped]
        counts: Counter[str] = Counter()
        entries = []
        for entry in (self.entries[row] for row in rows):
            counts[entry.kind] += 1
            entries.append(dataclasses.replace(entry, order=counts[entry.kind]))
        return Directions(self.vectors[rows], tuple(entries))

    @staticmethod
    def concatenate(*parts: Directions) -> Directions:
        """Join directions of one latent space; DirectionsError if a name occurs twice."""
        filled = [part for part in parts if len(part)]
        if not filled:
            return Directions()
        entries = tuple(entry for part in filled for entry in part.entries)
        return Directions(np.concatenate([part.vectors for part in filled]), entries)

    def to_json(self) -> str:
        """Write the entries as a JSON list; the vectors are a tensor."""
        return json.dumps([dataclasses.asdict(entry) for entry in self.entries], sort_keys=True)

    @classmethod
    def from_json(cls, text: str, vectors: NDArray[np.float32]) -> Directions:
        """Read what `to_json` wrote beside its vectors; DirectionsError names what is wrong."""
        try:
            items: Any = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DirectionsError(f"the directions are not JSON: {error}") from error
        known = {known.name for known in dataclasses.fields(Direction)}
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise DirectionsError("the directions are not a JSON list of objects")
        if not all({"name", "kind"} <= set(item) <= known for item in items):
            raise DirectionsError("a direction lacks a field or has one that is not known")
        return cls(vectors, tuple(Direction(**item) for item in items))

    def _index(self, name: str) -> int:
        if name not in self.names:
            known = ", ".join(self.names) or "none; python -m model directions finds some"
            raise DirectionsError(f"there is no direction {name!r}; there are: {known}")
        return self.names.index(name)


def point(vector: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Return `vector` (z_dim,) at unit length, its largest entry positive.

    A principal axis has no sign of its own; this one is the same on every machine.
    """
    sign = 1.0 if vector[np.abs(vector).argmax()] >= 0 else -1.0
    unit: NDArray[np.float32] = (sign * vector / np.linalg.norm(vector)).astype(np.float32)
    return unit


def _is_table(table: object) -> bool:
    """Whether it maps names that a direction could have to numbers, and is not too long."""
    return (
        isinstance(table, Mapping)
        and len(table) <= MAX_DIRECTIONS
        and all(isinstance(name, str) and _NAME.fullmatch(name) for name in table)
        and all(_is_number(value) for value in table.values())
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

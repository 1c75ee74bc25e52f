"""`Edits`: how far to go along which directions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from model.directions import NAME_PATTERN, Directions
from model.easing import Easing, ease
from model.latents import Latents

# Sorted by name, no strength zero: equal edits are equal tuples, with one ETag.
Edits = tuple[tuple[str, float], ...]

MAX_EDIT_STRENGTH = 20.0
# So that the strengths along a sweep are numbers that a URL can repeat.
_DECIMALS = 4
_EDIT = re.compile(rf"({NAME_PATTERN}):([+-]?[0-9]{{1,6}}(?:\.[0-9]{{1,12}})?)")


def make_edits(strengths: Mapping[str, float]) -> Edits:
    """Bring edits into their one form: rounded to four decimals, zeros dropped, sorted."""
    rounded = {name: round_strength(strength) for name, strength in strengths.items()}
    return tuple(sorted((name, strength) for name, strength in rounded.items() if strength))


def round_strength(strength: float) -> float:
    """Return the strength that is applied: to four decimals, and never minus zero."""
    return round(float(strength), _DECIMALS) + 0.0


def parse_edits(text: str) -> Edits:
    """Read "glasses:1.5,sefa-3:-2"; ValueError says what is wrong."""
    strengths: dict[str, float] = {}
    for part in text.split(","):
        match = _EDIT.fullmatch(part)
        if match is None:
            raise ValueError("edits are written like glasses:1.5,sefa-3:-2")
        if match[1] in strengths:
            raise ValueError(f"the direction {match[1]} is named twice")
        strengths[match[1]] = float(match[2])
    require_moderate(strengths)
    return make_edits(strengths)


def write_edits(edits: Edits) -> str:
    """Write what `parse_edits` reads back as the same edits."""
    return ",".join(
        f"{name}:{strength:.{_DECIMALS}f}".rstrip("0").rstrip(".") for name, strength in edits
    )


def require_moderate(strengths: Mapping[str, float]) -> None:
    """Raise ValueError unless every strength is within `MAX_EDIT_STRENGTH`."""
    for name, strength in strengths.items():
        if not abs(strength) <= MAX_EDIT_STRENGTH:
            raise ValueError(
                f"the strength of {name} must be from -{MAX_EDIT_STRENGTH:g} to "
                f"{MAX_EDIT_STRENGTH:g}"
            )


def sweep_strengths(stops: Sequence[float], steps: int, easing: Easing = "linear") -> list[float]:
    """Return `steps` strengths on the way through `stops`, as an edit would have them.

    Steps are spread evenly over the whole way, and a stop that falls on a step is met exactly,
    as in `interpolate`. Easing holds between each two stops. ValueError if either is below 2.
    """
    segments = len(stops) - 1
    if segments < 1 or steps < 2:
        raise ValueError("a sweep needs at least two strengths and two steps")
    strengths = []
    for step in range(steps):
        segment, remainder = divmod(step * segments, steps - 1)
        first, last = stops[segment], stops[min(segment + 1, segments)]
        way = (last - first) * remainder / (steps - 1)
        if easing != "linear":
            way = (last - first) * float(ease(np.array([remainder / (steps - 1)]), easing)[0])
        strengths.append(round_strength(first + way))
    return strengths


def edit_rows(latents: Latents, directions: Directions, edits: Sequence[Edits]) -> Latents:
    """Move row i along `edits[i]`: z' = z + sum of strength times unit vector.

    Equation 1 of SeFa (Shen & Zhou, 2021) and section 3.1 of InterFaceGAN (Shen et al., 2020).
    Summed in float64, vector by vector in the order of the names and without a matrix product,
    so that a row depends on its own edits alone. DirectionsError if a name is unknown.
    """
    if not any(edits):
        return latents
    shifts: dict[Edits, NDArray[np.float64]] = {}
    rows = []
    for z, row_edits in zip(latents.z, edits, strict=True):
        if row_edits not in shifts:
            shifts[row_edits] = _shift(directions, row_edits, latents.z.shape[1])
        rows.append((z.astype(np.float64) + shifts[row_edits]).astype(np.float32))
    return Latents(np.stack(rows), latents.labels)


def _shift(directions: Directions, edits: Edits, z_dim: int) -> NDArray[np.float64]:
    shift = np.zeros(z_dim)
    for name, strength in edits:
        shift += strength * directions.vector(name).astype(np.float64)
    return shift

"""`FilmTiming`: for how long a frame is shown, and how often the film is."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

DEFAULT_FRAME_MS = 80


@dataclass(frozen=True)
class FilmTiming:
    """Every frame is shown for `frame_s`; the film plays `plays` times, 0 for ever."""

    frame_s: Fraction = Fraction(DEFAULT_FRAME_MS, 1000)
    plays: int = 0

    def units_of(self, index: int, unit_s: Fraction) -> int:
        """Return the duration of frame `index` in whole units.

        Rounded so that every frame begins as near to its time as the unit allows: the error
        never adds up.
        """
        return round((index + 1) * self.frame_s / unit_s) - round(index * self.frame_s / unit_s)

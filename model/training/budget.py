"""When a run ends: after so many images, or after so many minutes."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Budget:
    """Exactly one of `images` (in all, over every resume) and `minutes` (of this start)."""

    images: int | None = None
    minutes: float | None = None
    started_at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Refuse a budget that says nothing, or two things."""
        if (self.images is None) == (self.minutes is None):
            raise ValueError("give either a number of images or a number of minutes")
        if not 0 < (self.images or self.minutes or 0) < math.inf:
            raise ValueError("a budget must be positive")

    @property
    def total(self) -> float:
        """What there is to spend, in `unit`."""
        return float(self.images if self.images is not None else 60.0 * (self.minutes or 0.0))

    @property
    def unit(self) -> str:
        """What is spent: images or seconds."""
        return "img" if self.images is not None else "s"

    def from_now(self) -> Budget:
        """Return the same budget with nothing of its minutes spent."""
        return replace(self, started_at=time.monotonic())

    def elapsed_s(self) -> float:
        """Seconds since this start."""
        return time.monotonic() - self.started_at

    def spent(self, images_seen: int) -> float:
        """Return how much is spent, at most `total`."""
        spent = images_seen if self.images is not None else self.elapsed_s()
        return min(float(spent), self.total)

    def is_spent(self, images_seen: int) -> bool:
        """Whether the run should stop before its next step."""
        return self.spent(images_seen) >= self.total

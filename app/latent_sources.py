"""What a request may make its latents of besides seeds, rows and walks: sweeps and mixes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.catalog import ServedGenerator
from app.errors import InvalidRequest
from app.settings import Settings
from model.directions import DirectionsError
from model.easing import Easing
from model.edits import Edits, make_edits, sweep_strengths
from model.mix import MAX_MIXED_SEEDS, DirectionTerm, LatentTerm, Mix


@dataclass(frozen=True)
class Sweep:
    """One seed along one direction, in `steps` images; no bound: the direction's own.

    `through` are the strengths to pass, instead of `start` and `stop`.
    """

    seed: int
    direction: str
    start: float | None
    stop: float | None
    steps: int
    easing: Easing = "linear"
    through: tuple[float, ...] = ()

    @property
    def seeds(self) -> Sequence[int]:
        """The one seed."""
        return (self.seed,)

    @property
    def key_frames(self) -> int:
        """How many strengths to pass."""
        return max(2, len(self.through))

    def stops(self, generator: ServedGenerator) -> tuple[float, ...]:
        """Return the strengths to pass, two or more; DirectionsError if there is no direction."""
        strength = generator.directions.find(self.direction).strength
        return self.through or (
            -strength if self.start is None else self.start,
            strength if self.stop is None else self.stop,
        )

    def edits(self, generator: ServedGenerator, edits: Edits) -> list[Edits]:
        """Return the edits of each image, with those that all of them have."""
        given = dict(edits)
        constant = given.get(self.direction, 0.0)
        return [
            make_edits(given | {self.direction: constant + along})
            for along in sweep_strengths(self.stops(generator), self.steps, self.easing)
        ]


@dataclass(frozen=True)
class Mixes:
    """One image a mix. `field` is what the client called them."""

    mixes: tuple[Mix, ...]
    field: str = "mixes"

    @property
    def seeds(self) -> Sequence[int]:
        """None: no image is that of a seed."""
        return ()

    def canonical(self) -> dict[str, Any]:
        """Describe the mixes in their one form, as plain data."""
        return {"mixes": [asdict(mix.canonical()) for mix in self.mixes]}

    @property
    def drawn(self) -> int:
        """How many seeds are drawn for all of them."""
        return sum(mix.drawn for mix in self.mixes)


def require_directions(generator: ServedGenerator, names: Sequence[str], field: str) -> None:
    """Raise InvalidRequest, with the names that there are, if one of `names` is not among them."""
    for name in names:
        try:
            generator.directions.find(name)
        except DirectionsError as error:
            raise InvalidRequest(field, str(error)) from error


def check_mixes(source: Mixes, generator: ServedGenerator, settings: Settings) -> None:
    """Bound the seeds that are drawn, and hold every term against the model."""
    if source.drawn > MAX_MIXED_SEEDS:
        raise InvalidRequest(source.field, f"at most {MAX_MIXED_SEEDS} seeds in all")
    for number, mix in enumerate(source.mixes):
        for position, term in enumerate(mix.terms):
            where = f"{source.field}.{number}.terms.{position}"
            if isinstance(term, DirectionTerm):
                require_directions(generator, [term.direction], f"{where}.direction")
            elif isinstance(term, LatentTerm):
                check_row(term.latent, generator.spec.z_dim, settings.max_latent_magnitude, where)


def check_row(row: Sequence[float], z_dim: int, magnitude: float, field: str) -> None:
    """Bound one z: its length and its values."""
    if len(row) != z_dim:
        raise InvalidRequest(field, f"this model's rows have {z_dim} numbers, not {len(row)}")
    if max(row) > magnitude or min(row) < -magnitude:
        raise InvalidRequest(field, f"numbers from -{magnitude:g} to {magnitude:g}")

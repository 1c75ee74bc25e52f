"""`Mix`: one image made of several, by arithmetic on their latents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.directions import Directions
from model.latents import Latents, fixed_labels, sample_latents
from model.spec import GeneratorSpec

# A seed takes about 5 microseconds to draw: all mixes of a request may take some 20 ms.
MAX_MIXED_SEEDS = 4096


@dataclass(frozen=True)
class SeedsTerm:
    """The mean z of some seeds, times `weight`."""

    seeds: tuple[int, ...]
    weight: float = 1.0


@dataclass(frozen=True)
class LatentTerm:
    """A point of the latent space, times `weight`."""

    latent: tuple[float, ...]
    weight: float = 1.0


@dataclass(frozen=True)
class DirectionTerm:
    """A direction's unit vector, times `weight`."""

    direction: str
    weight: float = 1.0


MixTerm = SeedsTerm | LatentTerm | DirectionTerm


@dataclass(frozen=True)
class Mix:
    """A weighted sum of terms, rescaled to a sample's length if asked to."""

    terms: tuple[MixTerm, ...]
    rescale: bool = True

    def canonical(self) -> Mix:
        """Return the one form of this sum: no weight zero, terms and their seeds in order.

        Addition is then done in one order too, so that equal mixes are equal to the bit.
        """
        terms = [_sort_seeds(term) for term in self.terms if term.weight]
        return Mix(tuple(sorted(terms, key=repr)), self.rescale)

    @property
    def drawn(self) -> int:
        """How many seeds are drawn."""
        return sum(len(term.seeds) for term in self.terms if isinstance(term, SeedsTerm))


def mix_latents(
    spec: GeneratorSpec, directions: Directions, mixes: Sequence[Mix], label: int | None
) -> Latents:
    """Compute one row for each mix.

    A term of several seeds is their mean, as in DCGAN's arithmetic (Radford et al., 2016,
    section 6.3.2): a single z is too noisy. Such a mean of k is shorter than a sample by the
    root of k; `rescale` brings the sum to the length of a sample, the root of z_dim, near
    which nearly all that the generator was trained on lies (White, 2016). A sum of length 0,
    the average image, has no direction to be rescaled in and stays.
    Returns (n, z_dim); ValueError if a seed, a label or a latent does not fit,
    DirectionsError if a direction is unknown.
    """
    rows = [_mix_row(spec, directions, mix.canonical()) for mix in mixes]
    return Latents(np.stack(rows), fixed_labels(spec, len(rows), label))


def _mix_row(spec: GeneratorSpec, directions: Directions, mix: Mix) -> NDArray[np.float32]:
    total = np.zeros(spec.z_dim)
    for term in mix.terms:
        total += term.weight * _point_of(spec, directions, term)
    if mix.rescale and (length := math.sqrt(math.fsum(total * total))):
        total *= math.sqrt(spec.z_dim) / length
    row: NDArray[np.float32] = total.astype(np.float32)
    return row


def _point_of(spec: GeneratorSpec, directions: Directions, term: MixTerm) -> NDArray[np.float64]:
    """Return what a term's weight multiplies, (z_dim,)."""
    if isinstance(term, LatentTerm):
        if len(term.latent) != spec.z_dim:
            raise ValueError(f"a latent has {spec.z_dim} numbers, not {len(term.latent)}")
        return np.asarray(term.latent, np.float64)
    if isinstance(term, DirectionTerm):
        return directions.vector(term.direction).astype(np.float64)
    label = 0 if spec.is_conditional else None  # only z is wanted
    z = sample_latents(spec, term.seeds, label).z.astype(np.float64)
    mean: NDArray[np.float64] = z.sum(axis=0) / len(z)
    return mean


def _sort_seeds(term: MixTerm) -> MixTerm:
    if isinstance(term, SeedsTerm):
        return SeedsTerm(tuple(sorted(term.seeds)), term.weight)
    return term

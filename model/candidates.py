"""The candidates of a seed, and which of them wins: the arithmetic of `best_of`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from model.latents import MAX_SEED

# Both are a part of what URLs and seeds mean for good: never change them.
_PERSON = b"ganloom-best-of"
_SEED_BYTES, _PLACE_BYTES = 8, 4


def candidate_seeds(seed: int, count: int) -> list[int]:
    """Return `count` seeds to choose from for one that was asked for, itself the first.

    Candidate i, from 1 on, is BLAKE2b (RFC 7693) of the seed in 8 bytes and i in 4, big-endian,
    personalised with `ganloom-best-of`: the digest's 8 bytes as a number, big-endian, modulo
    2^53. So it depends on nothing but the seed and i, and a larger `count` only adds some.
    ValueError if the seed is not from 0 to MAX_SEED or the count not from 1.
    """
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"a seed must be from 0 to {MAX_SEED}, not {seed}")
    if count < 1:
        raise ValueError(f"the best is chosen of 1 candidate or more, not of {count}")
    return [seed, *(_derive_seed(seed, place) for place in range(1, count))]


def choose_winners(logits: Sequence[float], count: int) -> list[int]:
    """Return the place of the highest of each `count` logits in a row, ties to the earlier.

    What is not a number loses to all that is. ValueError if the logits, at least one, are not
    a multiple of the count.
    """
    groups = np.asarray(logits, np.float32).reshape(-1, count)
    winners = np.where(np.isnan(groups), -np.inf, groups).argmax(axis=1)
    places: list[int] = (winners + count * np.arange(len(groups))).tolist()
    return places


def _derive_seed(seed: int, place: int) -> int:
    data = seed.to_bytes(_SEED_BYTES, "big") + place.to_bytes(_PLACE_BYTES, "big")
    digest = hashlib.blake2b(data, digest_size=8, person=_PERSON).digest()
    return int.from_bytes(digest, "big") % (MAX_SEED + 1)

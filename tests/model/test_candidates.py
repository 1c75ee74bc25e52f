"""Claims on the candidates of a seed, which URLs mean for good, and on who wins."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from model.candidates import candidate_seeds, choose_winners
from model.latents import MAX_SEED


@pytest.mark.parametrize(
    ("seed", "candidates"),
    [
        (0, [0, 8577492602078134, 1352125179172771, 4385853787782951]),
        (7, [7, 1618483198977086, 3666599229342940, 8925428870280137]),
        (MAX_SEED, [MAX_SEED, 4721620015862145, 3619875306545387, 4101306503526190]),
    ],
)
def test_the_candidates_of_a_seed_never_change(seed: int, candidates: list[int]) -> None:
    assert candidate_seeds(seed, 4) == candidates


def test_a_candidate_is_the_hash_that_is_documented() -> None:
    # The low 53 bits of a digest, instead of a remainder.
    data = bytes.fromhex("0000000000000007 00000003")
    digest = hashlib.blake2b(data, digest_size=8, person=b"ganloom-best-of\0").hexdigest()
    assert candidate_seeds(7, 4)[3] == int(digest, 16) & (1 << 53) - 1


def test_more_candidates_only_add_some() -> None:
    many = candidate_seeds(12345, 64)
    assert [candidate_seeds(12345, count) for count in range(1, 65)] == [
        many[:count] for count in range(1, 65)
    ]


def test_candidates_are_legal_and_differ_within_and_between_seeds() -> None:
    drawn = [candidate for seed in range(500) for candidate in candidate_seeds(seed, 16)[1:]]
    assert len(set(drawn)) == 500 * 15
    assert all(0 <= candidate <= MAX_SEED for candidate in drawn)
    assert max(drawn) > 0.99 * MAX_SEED  # the whole range is used


@pytest.mark.parametrize(("seed", "count"), [(-1, 1), (MAX_SEED + 1, 1), (0, 0), (0, -3)])
def test_what_has_no_candidates_is_refused(seed: int, count: int) -> None:
    with pytest.raises(ValueError, match=r"a seed must be from 0|1 candidate or more"):
        candidate_seeds(seed, count)


@pytest.mark.parametrize(
    ("logits", "count", "winners"),
    [
        ([1, 3, 2, 9, 8, 7], 3, [1, 3]),
        ([1, 3, 2, 9, 8, 7], 2, [1, 3, 4]),
        ([5, 5, 4, 4], 2, [0, 2]),
        ([-2, -1], 2, [1]),
        ([0.0, -0.0], 2, [0]),
        ([7], 1, [0]),
        ([np.nan, -1e30, np.inf, np.nan, np.nan, np.nan], 2, [1, 2, 4]),
        ([-np.inf, np.nan], 2, [0]),
    ],
)
def test_the_highest_of_each_group_wins_and_ties_go_to_the_earlier(
    logits: list[float], count: int, winners: list[int]
) -> None:
    assert choose_winners(logits, count) == winners


def test_logits_that_are_no_whole_groups_are_refused() -> None:
    with pytest.raises(ValueError, match="reshape"):
        choose_winners([1.0, 2.0, 3.0], 2)

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from model.directions import Direction, Directions, DirectionsError
from model.latents import sample_latents
from model.mix import DirectionTerm, LatentTerm, Mix, MixTerm, SeedsTerm, mix_latents
from model.spec import GeneratorSpec

SPEC = GeneratorSpec("dcgan", 16, z_dim=5)
AXES = Directions(np.eye(5, dtype=np.float32)[:1], (Direction("a", "pca"),))


def mixed(*terms: MixTerm, rescale: bool = False) -> NDArray[np.float32]:
    row: NDArray[np.float32] = mix_latents(SPEC, AXES, [Mix(terms, rescale)], None).z[0]
    return row


def test_a_term_of_several_seeds_is_their_mean() -> None:
    z = sample_latents(SPEC, [1, 2, 3, 9]).z
    found = mixed(SeedsTerm((1, 2, 3)), SeedsTerm((9,), -0.5))
    np.testing.assert_allclose(found, z[:3].mean(axis=0) - 0.5 * z[3], rtol=1e-6)


def test_one_seed_alone_is_its_own_latent_bit_for_bit() -> None:
    assert np.array_equal(mixed(SeedsTerm((7,))), sample_latents(SPEC, [7]).z[0])


def test_directions_and_latents_add_up() -> None:
    found = mixed(DirectionTerm("a", 3.0), LatentTerm((1.0, 2.0, 3.0, 4.0, 5.0), 2.0))
    assert found.tolist() == [5.0, 4.0, 6.0, 8.0, 10.0]


def test_rescaling_gives_the_length_of_a_sample_and_keeps_the_direction() -> None:
    plain, rescaled = mixed(SeedsTerm((1, 2, 3))), mixed(SeedsTerm((1, 2, 3)), rescale=True)
    assert math.isclose(np.linalg.norm(rescaled), math.sqrt(5), rel_tol=1e-6)
    assert math.isclose(plain @ rescaled, np.linalg.norm(plain) * math.sqrt(5), rel_tol=1e-6)


def test_nothing_stays_nothing() -> None:
    assert not mixed(SeedsTerm((1,)), SeedsTerm((1,), -1.0), rescale=True).any()
    assert not mixed(SeedsTerm((1,), 0.0), rescale=True).any()


def test_equal_sums_are_equal_to_the_bit_in_any_order() -> None:
    terms: list[MixTerm] = [
        SeedsTerm((3, 1, 2), 0.7),
        SeedsTerm((9, 8), -0.3),
        DirectionTerm("a", 1.1),
    ]
    turned: list[MixTerm] = [
        DirectionTerm("a", 1.1),
        SeedsTerm((8, 9), -0.3),
        SeedsTerm((1, 2, 3), 0.7),
    ]
    assert Mix(tuple(terms)).canonical() == Mix(tuple(turned)).canonical()
    assert np.array_equal(mixed(*terms), mixed(*turned))


def test_a_conditional_model_mixes_the_same_z_for_any_label() -> None:
    spec = dataclasses.replace(SPEC, num_classes=4)
    rows = [mix_latents(spec, AXES, [Mix((SeedsTerm((5, 6)),))], label) for label in (0, 3)]
    assert np.array_equal(rows[0].z, rows[1].z)
    assert [row.labels.tolist() for row in rows if row.labels is not None] == [[0], [3]]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="5 numbers, not 2"):
        mixed(LatentTerm((1.0, 2.0)))
    with pytest.raises(DirectionsError, match="no direction 'b'"):
        mixed(DirectionTerm("b"))

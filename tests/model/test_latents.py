"""Claims on drawing latents: a seed is the same point for good, whatever is around it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from model.latents import (
    LATENT_SCHEME,
    MAX_SEED,
    Latents,
    fixed_labels,
    sample_latents,
    truncate,
)
from model.spec import GeneratorSpec

PLAIN = GeneratorSpec("dcgan", 16, z_dim=4)
CLASSES = GeneratorSpec("dcgan", 16, z_dim=4, num_classes=10)

# Never to change under this name: people keep seeds, and caches keep their images.
GOLDEN = {
    0: ([0.15975746512413025, -0.963719367980957, -1.8000062704086304, 0.01925993710756302], 7),
    1: ([0.8220884203910828, -0.4630926251411438, -0.8495529294013977, 0.8206038475036621], 7),
    7: ([-0.3895782232284546, 0.708344042301178, -1.8051143884658813, -1.524535059928894], 6),
    MAX_SEED: (
        [-1.2004462480545044, -2.1588919162750244, 0.9833979606628418, -0.4069167375564575],
        1,
    ),
}


def philox_words(key: int) -> Iterator[int]:
    """Yield Philox4x64-10's words (Salmon et al., 2011, section 3.3), counters from 1."""
    mask = 2**64 - 1
    counter = 0
    while True:
        counter += 1
        word = [(counter >> shift) & mask for shift in (0, 64, 128, 192)]
        k0, k1 = key & mask, key >> 64
        for _ in range(10):
            product0, product1 = 0xD2E7470EE14C6C93 * word[0], 0xCA5A826395121157 * word[2]
            word = [
                (product1 >> 64) ^ word[1] ^ k0,
                product1 & mask,
                (product0 >> 64) ^ word[3] ^ k1,
                product0 & mask,
            ]
            k0, k1 = (k0 + 0x9E3779B97F4A7C15) & mask, (k1 + 0xBB67AE8584CAA73B) & mask
        yield from word


def polar_normals(words: Iterator[int]) -> Iterator[float]:
    """Yield normals by Marsaglia's polar method, two a pair of uniforms."""
    uniform = ((word >> 11) * 2.0**-53 for word in words)
    while True:
        first, second = 2.0 * next(uniform) - 1.0, 2.0 * next(uniform) - 1.0
        square = first * first + second * second
        if 0.0 < square < 1.0:
            factor = math.sqrt(-2.0 * math.log(square) / square)
            yield factor * second
            yield factor * first


def test_the_golden_seeds_are_what_they_were() -> None:
    assert LATENT_SCHEME == "philox-randomstate-normal-v1"
    latents = sample_latents(CLASSES, list(GOLDEN))
    assert latents.z.dtype == np.float32
    assert latents.labels is not None
    assert latents.labels.dtype == np.int64
    assert latents.z.tolist() == [z for z, _ in GOLDEN.values()]
    assert latents.labels.tolist() == [label for _, label in GOLDEN.values()]


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**32, 2**40 + 3, MAX_SEED])
def test_a_row_is_the_polar_normals_of_the_philox_stream_with_the_seed_as_key(seed: int) -> None:
    expected = islice(polar_normals(philox_words(seed)), 101)
    z = sample_latents(GeneratorSpec("dcgan", 16, z_dim=101), [seed]).z[0]
    np.testing.assert_allclose(z, np.array(list(expected), np.float32), rtol=2e-7, atol=0)


@pytest.mark.parametrize("spec", [PLAIN, CLASSES])
def test_a_row_depends_on_its_own_seed_alone(spec: GeneratorSpec) -> None:
    seeds = [5, 99, 5, 2**50, 0, 7]
    together = sample_latents(spec, seeds)
    for row, seed in enumerate(seeds):
        alone = sample_latents(spec, [seed])
        assert np.array_equal(together.z[row], alone.z[0])
        if together.labels is not None and alone.labels is not None:
            assert together.labels[row] == alone.labels[0]


def test_a_class_label_does_not_move_z() -> None:
    assert np.array_equal(sample_latents(CLASSES, [3]).z, sample_latents(CLASSES, [3], label=9).z)
    assert np.array_equal(sample_latents(CLASSES, [3]).z, sample_latents(PLAIN, [3]).z)


def test_the_global_generator_is_neither_read_nor_moved() -> None:
    np.random.seed(1)
    first = sample_latents(PLAIN, [4]).z
    np.random.seed(2)
    before = np.random.get_state(legacy=False)["state"]["key"].copy()
    assert np.array_equal(sample_latents(PLAIN, [4]).z, first)
    assert np.array_equal(np.random.get_state(legacy=False)["state"]["key"], before)


def test_many_rows_are_standard_normal_and_their_labels_uniform() -> None:
    latents = sample_latents(CLASSES, range(5000))
    assert abs(latents.z.mean()) < 4 / math.sqrt(20_000)
    assert abs(latents.z.std() - 1) < 4 / math.sqrt(2 * 20_000)
    assert latents.labels is not None
    counts = np.bincount(latents.labels, minlength=10)
    assert counts.sum() == 5000
    # Chi-squared with 9 degrees of freedom: 33.7 is its 0.9999 quantile.
    assert ((counts - 500) ** 2 / 500).sum() < 33.7


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 2**64, 2**128])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match=f"a seed must be from 0 to {MAX_SEED}, not {seed}"):
        sample_latents(PLAIN, [0, seed])


def test_no_seeds_are_no_rows() -> None:
    assert sample_latents(PLAIN, []).z.shape == (0, 4)


def test_a_label_is_given_to_every_row() -> None:
    labels = sample_latents(CLASSES, [1, 2, 3], label=4).labels
    assert labels is not None
    assert labels.tolist() == [4, 4, 4]


def test_an_unconditional_generator_has_no_labels_and_takes_none() -> None:
    assert sample_latents(PLAIN, [1]).labels is None
    assert fixed_labels(PLAIN, 3, None) is None
    with pytest.raises(ValueError, match="no classes"):
        sample_latents(PLAIN, [1], label=0)


@pytest.mark.parametrize("label", [-1, 10, None])
def test_a_label_out_of_range_is_refused(label: int | None) -> None:
    with pytest.raises(ValueError, match="a label must be from 0 to 9"):
        fixed_labels(CLASSES, 2, label)


def test_rows_and_concatenate_are_inverse() -> None:
    latents = sample_latents(CLASSES, range(6))
    parts = [latents.rows(0, 2), latents.rows(2, 2), latents.rows(2, 6)]
    assert [len(part) for part in parts] == [2, 0, 4]
    joined = Latents.concatenate(parts)
    assert np.array_equal(joined.z, latents.z)
    assert joined.labels is not None
    assert latents.labels is not None
    assert np.array_equal(joined.labels, latents.labels)
    assert Latents.concatenate([sample_latents(PLAIN, [1])]).labels is None


def test_the_parts_of_a_split_are_the_rows_in_order() -> None:
    latents = sample_latents(GeneratorSpec("dcgan", 16, z_dim=3, num_classes=2), range(7))
    parts = latents.split(3)
    assert [len(part) for part in parts] == [3, 3, 1]
    whole = Latents.concatenate(parts)
    assert np.array_equal(whole.z, latents.z)
    assert whole.labels is not None
    assert latents.labels is not None
    assert np.array_equal(whole.labels, latents.labels)


def test_truncation_scales_toward_the_origin() -> None:
    latents = sample_latents(CLASSES, range(8))
    half = truncate(latents, 0.5)
    assert half.z.dtype == np.float32
    assert np.array_equal(half.z, latents.z / 2)
    assert half.labels is latents.labels
    np.testing.assert_allclose(truncate(latents, 0.3).z, 0.3 * latents.z.astype(float), rtol=2e-7)


def test_truncation_by_1_changes_no_bit_and_by_0_leaves_the_origin() -> None:
    latents = sample_latents(PLAIN, range(8))
    assert truncate(latents, 1.0).z.tobytes() == latents.z.tobytes()
    assert not truncate(latents, 0.0).z.any()


@pytest.mark.parametrize("psi", [-0.01, 1.01, float("nan"), float("inf")])
def test_truncation_out_of_range_is_refused(psi: float) -> None:
    with pytest.raises(ValueError, match="truncation_psi must be from 0 to 1"):
        truncate(sample_latents(PLAIN, [0]), psi)

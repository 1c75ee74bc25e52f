"""Claims on the random choices of a run: functions of (seed, step), and fair ones."""

from __future__ import annotations

import numpy as np
import pytest

from model.training.randomness import batch_indices, batch_noise


def order(size: int, batch_size: int, steps: int, seed: int = 0) -> list[int]:
    batches = [batch_indices(size, batch_size, seed, step) for step in range(steps)]
    assert all(len(batch) == batch_size for batch in batches)
    return [int(index) for batch in batches for index in batch]


@pytest.mark.parametrize(
    ("size", "batch_size"), [(37, 8), (64, 64), (10, 3), (5, 16), (1, 4), (7, 7)]
)
def test_every_epoch_visits_each_image_once_across_the_seams_of_batches(
    size: int, batch_size: int
) -> None:
    epochs = 6
    visited = order(size, batch_size, -(-epochs * size // batch_size))
    for epoch in range(epochs):
        assert sorted(visited[epoch * size : (epoch + 1) * size]) == list(range(size))


def test_every_epoch_has_an_order_of_its_own() -> None:
    visited = order(30, 30, 20)
    epochs = {tuple(visited[epoch * 30 : (epoch + 1) * 30]) for epoch in range(20)}
    assert len(epochs) == 20


def test_the_batch_size_cuts_the_same_order_elsewhere() -> None:
    assert order(20, 4, 15) == order(20, 6, 10)


def test_a_seed_is_an_order() -> None:
    orders = {tuple(order(20, 5, 8, seed)) for seed in (0, 1, 2, 2**32 - 1)}
    assert len(orders) == 4
    assert order(20, 5, 8, seed=3) == order(20, 5, 8, seed=3)


def test_a_step_does_not_depend_on_the_steps_before_it() -> None:
    steps = [9, 0, 100_000, 4, 9]
    found = [batch_indices(13, 4, 2, step).tolist() for step in steps]
    again = [batch_indices(13, 4, 2, step).tolist() for step in reversed(steps)]
    assert found == again[::-1]


def test_every_place_of_an_epoch_is_uniform() -> None:
    epochs, size = 3000, 6
    visited = np.array(order(size, size, epochs)).reshape(epochs, size)
    for place in range(size):
        counts = np.bincount(visited[:, place], minlength=size)
        expected = epochs / size
        # Chi-squared with 5 degrees of freedom: 25.7 is its 0.9999 quantile.
        assert ((counts - expected) ** 2 / expected).sum() < 25.7


def test_noise_is_a_function_of_seed_and_draw() -> None:
    draws = {(seed, draw): batch_noise((3, 4), seed, draw) for seed in (0, 1) for draw in range(5)}
    assert len({noise.tobytes() for noise in draws.values()}) == 10
    for (seed, draw), noise in draws.items():
        assert np.array_equal(batch_noise((3, 4), seed, draw), noise)


def test_noise_is_standard_normal() -> None:
    noise = batch_noise((100, 200), 7, 3)
    assert noise.dtype == np.float32
    assert noise.shape == (100, 200)
    assert abs(noise.mean()) < 4 / np.sqrt(20_000)
    assert abs(noise.std() - 1) < 4 / np.sqrt(40_000)


def test_neither_moves_nor_reads_the_global_generator() -> None:
    np.random.seed(0)
    first = (order(9, 4, 3), batch_noise((2, 2), 0, 0).tolist())
    before = np.random.get_state(legacy=False)["state"]["key"].copy()
    np.random.seed(1)
    assert (order(9, 4, 3), batch_noise((2, 2), 0, 0).tolist()) == first
    np.random.seed(0)
    assert np.array_equal(np.random.get_state(legacy=False)["state"]["key"], before)

"""Claims on the game on points: its schedules, its networks, its reproducibility."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from benchmarks.mixtures import MIXTURES
from benchmarks.point_game import PointGame, cosine, geometric
from benchmarks.point_networks import FourierFeatures, Maxout, PacganDiscriminator, PacganGenerator
from benchmarks.point_recipes import POINT_RECIPES

SMALL = dataclasses.replace(
    POINT_RECIPES["relativistic"],
    generator_width=16,
    discriminator_width=16,
    depth=2,
    batch_size=32,
    steps=6,
    noise=0.4,
)


def play(seed: int, steps: int = 6) -> np.ndarray:
    game = PointGame(SMALL, MIXTURES["grid25"], seed)
    for _ in range(steps):
        game.train_step()
    return game.sample(64)


def test_the_rate_falls_along_half_a_cosine() -> None:
    ends = (4.0, 2.0)
    assert [cosine(ends, at) for at in (0.0, 0.5, 1.0)] == pytest.approx([4.0, 3.0, 2.0])


def test_gamma_falls_by_equal_factors_and_none_stays_none() -> None:
    assert [geometric((8.0, 2.0), at) for at in (0.0, 0.5, 1.0)] == pytest.approx([8.0, 4.0, 2.0])
    assert geometric((0.0, 0.0), 0.5) == 0.0


def test_instance_noise_falls_in_a_straight_line_and_is_gone_by_a_third_of_the_run() -> None:
    game = PointGame(dataclasses.replace(SMALL, noise=0.4), MIXTURES["grid25"], 1)
    origin = torch.zeros(50_000, 2)
    stds = [game._blur(origin, at).std().item() for at in (0.0, 0.15, 0.3, 1.0)]
    assert stds == pytest.approx([0.4, 0.2, 0.0, 0.0], abs=0.005)


def test_instance_noise_is_on_both_sides_of_both_moves() -> None:
    game = PointGame(dataclasses.replace(SMALL, noise=1e4), MIXTURES["grid25"], 1)
    seen: list[float] = []
    game.discriminator.register_forward_hook(
        lambda _m, inputs, _out: seen.append(inputs[0].std().item())
    )
    game.train_step()
    assert len(seen) == 4  # real and generated points, judged for either player
    assert min(seen) > 1e3


def test_a_seed_gives_the_same_points_again_and_another_seed_others() -> None:
    assert np.array_equal(play(1), play(1))
    assert not np.array_equal(play(1), play(2))


def test_the_callers_random_numbers_are_left_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    play(3, steps=1)
    assert torch.equal(torch.rand(3), expected)


def test_the_points_judged_are_not_a_function_of_how_often_it_was_looked() -> None:
    game = PointGame(SMALL, MIXTURES["grid25"], 1)
    for _ in range(6):
        game.sample(10)
        game.train_step()
    assert np.array_equal(game.sample(64), play(1))


def test_every_weight_is_moved_but_the_bias_that_a_difference_cancels() -> None:
    game = PointGame(SMALL, MIXTURES["ring8"], 0)
    networks = (game.generator, game.discriminator, game.average)
    before = [[weight.clone() for weight in network.parameters()] for network in networks]
    game.train_step()
    game.train_step()
    is_moved = [
        [not torch.equal(old, new) for old, new in zip(held, network.parameters(), strict=True)]
        for held, network in zip(before, networks, strict=True)
    ]
    assert is_moved[1].pop() is False
    assert all(all(moved) for moved in is_moved)


def test_the_average_without_a_half_life_is_the_generator() -> None:
    recipe = dataclasses.replace(SMALL, ema_halflife_steps=0.0)
    game = PointGame(recipe, MIXTURES["grid25"], 0)
    game.train_step()
    pairs = zip(game.average.parameters(), game.generator.parameters(), strict=True)
    assert all(torch.equal(average, weight) for average, weight in pairs)


def test_fourier_features_are_waves_of_at_most_the_highest_frequency() -> None:
    torch.manual_seed(0)
    features = FourierFeatures(2, 200, 3.0)
    cycles = features.waves.norm(dim=0) / (2 * math.pi)
    assert 0.25 <= float(cycles.min()) < 0.3
    assert 2.7 < float(cycles.max()) <= 3.0
    points = torch.randn(5, 2)
    mapped: torch.Tensor = features(points[:, :, None, None])
    assert torch.equal(mapped[:, :2], points)
    # cos^2 + sin^2
    assert torch.allclose(mapped[:, 2:202] ** 2 + mapped[:, 202:] ** 2, torch.ones(5, 200))


def test_maxout_takes_the_largest_piece_of_each_unit() -> None:
    layer = Maxout(1, 2, pieces=3)
    with torch.no_grad():
        layer.linear.weight.copy_(torch.tensor([[1.0], [2.0], [3.0], [-1.0], [-2.0], [-3.0]]))
        layer.linear.bias.zero_()
    assert layer(torch.tensor([[2.0], [-2.0]])).tolist() == [[6.0, -2.0], [-2.0, 6.0]]


def test_pacgans_networks_have_the_sizes_of_its_code() -> None:
    # Weights and biases of maxout 2-200-200-200 with five pieces, then a logit.
    discriminator = 2 * 1000 + 1000 + 2 * (200 * 1000 + 1000) + 201
    # Four layers of 400 with scale and shift, no bias; two outputs with bias.
    generator = 2 * 400 + 3 * 400 * 400 + 4 * 800 + 802
    counts = [
        sum(weight.numel() for weight in network.parameters())
        for network in (PacganDiscriminator(), PacganGenerator(2))
    ]
    assert counts == [discriminator, generator]

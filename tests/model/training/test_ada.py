"""Claims on ADA's controller: it moves p by the paper's rule, and stays in range."""

from __future__ import annotations

import pytest

from model.training.ada import AdaState, adapt


def run(signs: list[float], state: AdaState | None = None) -> AdaState:
    state = state or AdaState()
    for sign in signs:
        state = adapt(state, sign, batch_size=64, full_kimg=500)
    return state


def test_p_moves_on_every_fourth_step_only() -> None:
    assert [run([1.0] * steps).p > 0 for steps in range(1, 5)] == [False, False, False, True]


def test_p_could_go_from_never_to_always_in_the_given_images() -> None:
    # Karras et al., 2020, section 4.1: 500,000 images; 7,812 steps of 64 are just below it.
    assert run([1.0] * 7808).p == pytest.approx(7808 * 64 / 500_000)
    assert run([1.0] * 7816).p == 1.0


def test_p_rises_above_the_target_and_falls_below_it() -> None:
    step = 4 * 64 / 500_000
    half = AdaState(0.5)
    assert run([0.61] * 4, half).p == pytest.approx(0.5 + step)
    assert run([0.59] * 4, half).p == pytest.approx(0.5 - step)


def test_the_mean_of_four_steps_decides() -> None:
    assert run([1.0, 1.0, 1.0, -1.0], AdaState(0.5)).p < 0.5
    assert run([1.0, 1.0, 1.0, -0.5], AdaState(0.5)).p > 0.5


def test_p_stays_a_probability() -> None:
    assert run([-1.0] * 4).p == 0.0
    assert run([1.0] * 4, AdaState(1.0)).p == 1.0


def test_half_an_interval_is_kept() -> None:
    halfway = run([1.0, 1.0])
    assert halfway.signs == (1.0, 1.0)
    assert run([1.0, 1.0], halfway) == run([1.0] * 4)

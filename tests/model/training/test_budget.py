"""Claims on when a run ends."""

from __future__ import annotations

import time

import pytest

from model.training.budget import Budget


def test_a_budget_of_images_is_spent_when_so_many_were_seen_in_all() -> None:
    budget = Budget(images=100)
    assert (budget.total, budget.unit) == (100.0, "img")
    assert [budget.is_spent(images) for images in (0, 99, 100, 128)] == [False, False, True, True]
    assert [budget.spent(images) for images in (0, 64, 128)] == [0, 64, 100]


def test_a_budget_of_minutes_is_spent_when_the_clock_says_so() -> None:
    now = time.monotonic()
    running, over = Budget(minutes=1.0), Budget(minutes=1.0, started_at=now - 61)
    assert (running.total, running.unit) == (60.0, "s")
    assert not running.is_spent(10**9)
    assert over.is_spent(0)
    assert over.spent(0) == 60.0
    assert Budget(minutes=1.0, started_at=now - 30).spent(0) == pytest.approx(30, abs=5)
    assert Budget(minutes=2.0, started_at=now - 30).elapsed_s() == pytest.approx(30, abs=5)


@pytest.mark.parametrize(("images", "minutes"), [(None, None), (5, 5.0)])
def test_it_is_images_or_minutes(images: int | None, minutes: float | None) -> None:
    with pytest.raises(ValueError, match="either a number of images or a number of minutes"):
        Budget(images=images, minutes=minutes)


@pytest.mark.parametrize(
    ("images", "minutes"),
    [(0, None), (-5, None), (None, 0.0), (None, -1.0), (None, float("nan")), (None, float("inf"))],
)
def test_it_is_positive_and_ends(images: int | None, minutes: float | None) -> None:
    with pytest.raises(ValueError, match="a budget must be positive"):
        Budget(images=images, minutes=minutes)

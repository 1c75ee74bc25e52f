"""Claims on the colours that faces are drawn with."""

from random import Random

import pytest

from model.training.palette import (
    Swatch,
    color_distance,
    hex_to_oklab,
    mix,
    oklab_to_hex,
    pick_swatch,
    pick_weighted,
)


@pytest.mark.parametrize("color", ["#000000", "#ffffff", "#ff0000", "#1d8a3c", "#fbdfcc"])
def test_a_color_survives_the_way_to_oklab_and_back(color: str) -> None:
    assert oklab_to_hex(hex_to_oklab(color)) == color


def test_oklab_agrees_with_its_published_reference_values() -> None:
    # Red in OKLab, from Ottosson's own conversion.
    assert hex_to_oklab("#ff0000") == pytest.approx((0.6280, 0.2249, 0.1258), abs=1e-3)


def test_black_and_white_are_one_apart() -> None:
    assert color_distance("#000000", "#ffffff") == pytest.approx(1, abs=1e-3)


def test_a_drawn_color_stays_in_the_box_around_its_swatch() -> None:
    swatch = Swatch("brown", "#6b4231", spread=0.02)
    rng = Random(0)
    for _ in range(200):
        picked, color = pick_swatch(rng, [swatch])
        assert picked is swatch
        assert color_distance(color, swatch.color) < 0.02 * 6**0.5 + 0.005


def test_weights_are_frequencies_and_zero_is_never() -> None:
    rng = Random(0)
    picks = [pick_weighted(rng, (1, 0, 3)) for _ in range(4000)]
    assert picks.count(1) == 0
    assert picks.count(2) / picks.count(0) == pytest.approx(3, rel=0.15)


def test_mixing_by_nothing_and_by_all_gives_the_ends() -> None:
    assert mix("#102030", "#fedcba", 0) == "#102030"
    assert mix("#102030", "#fedcba", 1) == "#fedcba"

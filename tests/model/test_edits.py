from __future__ import annotations

import numpy as np
import pytest

from model.directions import Direction, Directions, DirectionsError
from model.easing import ease
from model.edits import edit_rows, make_edits, parse_edits, sweep_strengths, write_edits
from model.latents import Latents

AXES = Directions(np.eye(3, dtype=np.float32)[:2], (Direction("a", "pca"), Direction("b", "pca")))


def test_edits_have_one_form() -> None:
    assert make_edits({"b": -2, "a": 1.23456, "c": 0.00001}) == (("a", 1.2346), ("b", -2.0))
    assert parse_edits("b:-2.0,a:+1.23456,c:-0") == make_edits({"a": 1.2346, "b": -2})


@pytest.mark.parametrize("text", ["", "a", "a:1,", "a:1,a:2", "a:21", "a:1e1", "a:nan", " a:1"])
def test_a_text_that_is_no_edit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"edits are written|twice|must be from -20 to 20"):
        parse_edits(text)


def test_a_row_moves_by_strength_times_vector() -> None:
    latents = Latents(np.zeros((3, 3), np.float32))
    moved = edit_rows(latents, AXES, [(), (("a", 2.0),), (("a", -1.0), ("b", 0.5))])
    assert moved.z.tolist() == [[0, 0, 0], [2, 0, 0], [-1, 0.5, 0]]
    assert moved.z.dtype == np.float32


def test_rows_that_no_edit_moves_come_back_bit_for_bit() -> None:
    z = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    assert edit_rows(Latents(z), AXES, [()] * 4).z is z
    moved = edit_rows(Latents(z), AXES, [(), (), (), (("a", 1.0),)])
    assert np.array_equal(moved.z[:3], z[:3])


def test_an_unknown_direction_is_refused() -> None:
    with pytest.raises(DirectionsError, match="'c'; there are: a, b"):
        edit_rows(Latents(np.zeros((1, 3), np.float32)), AXES, [(("c", 1.0),)])


def test_a_sweep_meets_both_ends_and_is_even() -> None:
    assert sweep_strengths((-1, 1), 5) == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert sweep_strengths((0, 1), 4) == [0.0, 0.3333, 0.6667, 1.0]


def test_a_sweep_meets_every_stop_and_eases_between_each_two() -> None:
    assert sweep_strengths((0, 3, -3, 0), 7) == [0.0, 1.5, 3.0, 0.0, -3.0, -1.5, 0.0]
    eased = sweep_strengths((0, 4, 0), 9, "ease-in")
    assert [eased[at] for at in (0, 4, 8)] == [0.0, 4.0, 0.0]
    quarter = float(ease(np.array([0.25]), "ease-in")[0])
    assert (eased[1], eased[5]) == (round(4 * quarter, 4), round(4 - 4 * quarter, 4))
    assert eased[1] < 1.0


@pytest.mark.parametrize(("stops", "steps"), [((1.0,), 5), ((), 5), ((0.0, 1.0), 1)])
def test_a_sweep_of_one_stop_or_one_step_is_refused(stops: tuple[float, ...], steps: int) -> None:
    with pytest.raises(ValueError, match="at least two strengths and two steps"):
        sweep_strengths(stops, steps)


def test_what_is_written_is_read_back_as_the_same_edits() -> None:
    edits = make_edits({"a": 10, "b-1": -0.0001, "c_x": 1 / 3, "d": -20})
    assert write_edits(edits) == "a:10,b-1:-0.0001,c_x:0.3333,d:-20"
    assert parse_edits(write_edits(edits)) == edits

from __future__ import annotations

import re

import httpx
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.app.static.canvases import canvas_pixels, file_pixels, sent_pixels
from tests.app.static.conftest import Studio

pytestmark = pytest.mark.browser


def test_arithmetic_is_the_mix_of_the_faces_put_into_it(studio: Studio) -> None:
    page = studio.open("#arithmetic")
    for letter, seed in (("A", 1), ("A", 2), ("A", 3), ("B", 4), ("C", 5)):
        term = page.get_by_role("region", name=letter, exact=True)
        page.locator(f".shelf [data-seed='{seed}'][data-shows]").drag_to(term)
    page.wait_for_url(re.compile("a=1,2,3&b=4&c=5"))
    result = page.get_by_role("img", name="The result")
    expect(result).to_have_attribute("data-shows", re.compile("plus=1,2,3&plus=5&minus=4"))
    terms = [
        {"seeds": [1, 2, 3], "weight": 1.0},
        {"seeds": [5], "weight": 1.0},
        {"seeds": [4], "weight": -1.0},
    ]
    answer = httpx.post(f"{studio.url}/generate", json={"mixes": [{"terms": terms}]})
    assert np.array_equal(canvas_pixels(result), file_pixels(answer.content))
    mean = page.get_by_role("img", name="The average of A")
    assert np.array_equal(canvas_pixels(mean), sent_pixels(studio.url, "mix?plus=1,2,3"))


def test_taps_fill_one_letter_after_another_and_a_tap_takes_a_face_out(studio: Studio) -> None:
    page = studio.open("#arithmetic?a=7,8")
    page.locator(".shelf [data-seed='1']").click()
    page.locator(".shelf [data-seed='2']").click()
    page.wait_for_url(re.compile("a=7,8,1&b=2"))
    page.get_by_role("button", name="Seed 8: remove from A").click()
    page.wait_for_url(re.compile("a=7,1&b=2"))


def test_what_is_cleared_leaves_no_image_behind(studio: Studio) -> None:
    page = studio.open("#arithmetic?a=1,2")
    result = page.get_by_role("img", name="The result")
    mean = page.get_by_role("img", name="The average of A")
    for canvas in (result, mean):
        expect(canvas).to_have_attribute("data-shows", re.compile("plus=1,2"))
    page.get_by_role("button", name="Clear").click()
    for canvas in (result, mean):
        expect(canvas).to_have_attribute("width", "1")
        assert canvas_pixels(canvas).max() == 0
    page.locator(".shelf [data-seed='1']").click()
    expect(result).to_have_attribute("data-shows", re.compile("plus=1&"))
    assert np.array_equal(canvas_pixels(result), sent_pixels(studio.url, "mix?plus=1"))


def test_faces_of_a_sum_are_drawn_in_its_class(studio: Studio) -> None:
    page = studio.open("#arithmetic?model=pets&a=3")
    face = page.get_by_role("button", name="Seed 3: remove from A")
    shelf = page.locator(".shelf [data-seed='3']")
    mean = page.get_by_role("img", name="The average of A")
    for name in ("cat", "dog"):
        page.get_by_label("Class").select_option(name)
        for shown in (face, shelf, mean):
            expect(shown).to_have_attribute("data-shows", re.compile(f"label={name}"))


def test_a_model_without_classes_offers_none_for_a_sum(studio: Studio) -> None:
    page = studio.open("#arithmetic?a=3")
    page.get_by_role("img", name="The average of A").wait_for()
    expect(page.get_by_label("Class")).to_be_hidden()


def test_whoever_takes_faces_out_by_key_goes_on_at_the_next(studio: Studio) -> None:
    page = studio.open("#arithmetic?a=7,8")
    page.get_by_role("button", name="Seed 7: remove from A").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Seed 8: remove from A")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="A: tapped faces go here")).to_be_focused()


def test_the_averages_of_a_phone_stand_below_each_other(studio: Studio) -> None:
    studio.page.set_viewport_size({"width": 390, "height": 844})
    page = studio.open("#arithmetic?a=1,2,3&b=4&c=5,6")
    lefts = {
        page.get_by_role("img", name=f"The average of {name}").evaluate(
            "canvas => canvas.getBoundingClientRect().left"
        )
        for name in "ABC"
    }
    assert len(lefts) == 1

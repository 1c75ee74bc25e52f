from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.app.static.conftest import Studio

pytestmark = pytest.mark.browser


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

from __future__ import annotations

import json
import re

import httpx
import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from tests.app.static.canvases import canvas_pixels, file_pixels, sent_pixels
from tests.app.static.conftest import Studio

pytestmark = pytest.mark.browser


def move_to(slider: Locator, value: float) -> None:
    slider.evaluate(
        """(input, value) => {
          input.value = value;
          input.dispatchEvent(new Event("input", { bubbles: true }));
          input.dispatchEvent(new Event("change", { bubbles: true }));
        }""",
        value,
    )


def test_a_slider_changes_the_image_to_what_the_service_makes_of_the_edit(studio: Studio) -> None:
    page = studio.open("#shape?face=6")
    after = page.get_by_role("img", name="After")
    slider = page.get_by_role("slider", name="sefa-1")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(after).to_have_attribute("data-shows", re.compile(r"edits=sefa-1:0\.5&"))
    expected = sent_pixels(studio.url, "images/6.png?edits=sefa-1:0.5")
    assert np.array_equal(canvas_pixels(after), expected)
    before = page.get_by_role("img", name="Before")
    assert np.array_equal(canvas_pixels(before), sent_pixels(studio.url, "images/6.png"))


def test_undo_and_reset_bring_earlier_strengths_back(studio: Studio) -> None:
    page = studio.open("#shape?face=6&edits=pca-1:1")
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    move_to(page.get_by_role("slider", name="sefa-1"), 2)
    page.wait_for_url(re.compile("edits=pca-1:1,sefa-1:2"))
    page.get_by_role("button", name="Reset").click()
    page.wait_for_url(re.compile(r"#shape\?face=6$"))
    undo.click()
    page.wait_for_url(re.compile("edits=pca-1:1,sefa-1:2"))
    undo.click()
    page.wait_for_url(re.compile("edits=pca-1:1$"))
    expect(page.get_by_role("slider", name="sefa-1")).to_have_value("0")


def test_a_random_walk_moves_the_face_until_it_is_stopped(studio: Studio) -> None:
    page = studio.open("#shape?face=6")
    walk = page.get_by_role("button", name="Random walk")
    walk.click()
    after = page.get_by_role("img", name="After")
    expect(after).to_have_attribute("data-shows", re.compile("edits="))
    walk.click()
    expect(walk).to_have_attribute("aria-pressed", "false")
    page.wait_for_url(re.compile("edits="))
    page.get_by_role("button", name="Undo").click()
    page.wait_for_url(re.compile(r"#shape\?face=6$"))


def test_the_wall_leans_towards_an_attribute(studio: Studio) -> None:
    page = studio.open()
    page.get_by_label("Attribute").select_option("sefa-2")
    tile = page.locator("[data-seed='4']")
    expect(tile).to_have_attribute("data-shows", re.compile(r"edits=sefa-2:1\.5"))
    expected = sent_pixels(studio.url, "images/4.png?edits=sefa-2:1.5")
    assert np.array_equal(canvas_pixels(tile.locator("canvas")), expected)
    page.get_by_label("Attribute").select_option("")
    expect(tile).not_to_have_attribute("data-shows", re.compile("edits"))


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


def test_a_link_restores_the_whole_view(studio: Studio) -> None:
    state = "#shape?model=pets&label=dog&psi=0.8&face=12&edits=sefa-1:1.5&lang=python"
    page = studio.open(state)
    after = page.get_by_role("img", name="After")
    expect(after).to_have_attribute(
        "data-shows", re.compile("images/12.*model=pets&label=dog&truncation=0.8&edits=sefa-1:1.5")
    )
    expect(page.locator("#model")).to_have_value("pets")
    expect(page.get_by_role("slider", name="sefa-1")).to_have_value("1.5")
    expect(page.locator("#call code")).to_contain_text("import httpx")
    assert json.loads(page.evaluate("JSON.stringify(location.hash)")) == state


def test_the_wall_takes_the_shape_of_one_image(studio: Studio) -> None:
    page = studio.open("#shape?face=6&edits=pca-1:1,sefa-1:2")
    page.get_by_role("button", name="Shape the wall like this").click()
    tile = page.locator(".tile[data-seed='4']")
    expect(tile).to_have_attribute("data-shows", re.compile("edits=pca-1:1,sefa-1:2"))
    expected = sent_pixels(studio.url, "images/4.png?edits=pca-1:1,sefa-1:2")
    assert np.array_equal(canvas_pixels(tile.locator("canvas")), expected)
    attribute = page.get_by_label("Attribute")
    expect(attribute.locator("option:checked")).to_have_text("2 changes")
    attribute.select_option("")
    expect(tile).not_to_have_attribute("data-shows", re.compile("edits"))


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


def test_reset_ends_a_random_walk(studio: Studio) -> None:
    page = studio.open("#shape?face=6")
    walk = page.get_by_role("button", name="Random walk")
    walk.click()
    after = page.get_by_role("img", name="After")
    expect(after).to_have_attribute("data-shows", re.compile("edits="))
    page.get_by_role("button", name="Reset").click()
    expect(walk).to_have_attribute("aria-pressed", "false")
    expect(after).not_to_have_attribute("data-shows", re.compile("edits="))
    expect(page.get_by_role("slider", name="sefa-1")).to_have_value("0")

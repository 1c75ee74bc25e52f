from __future__ import annotations

import json
import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.app.static.canvases import canvas_pixels, sent_pixels
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


def begin_walk(page: Page) -> tuple[Locator, Locator]:
    """Begin it, see the first stride, and return its button and the image that moves."""
    walk = page.get_by_role("button", name="Random walk")
    walk.click()
    after = page.get_by_role("img", name="After")
    expect(after).to_have_attribute("data-shows", re.compile("edits="))
    return walk, after


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
    walk, _ = begin_walk(page)
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


def test_reset_ends_a_random_walk(studio: Studio) -> None:
    page = studio.open("#shape?face=6")
    walk, after = begin_walk(page)
    page.get_by_role("button", name="Reset").click()
    expect(walk).to_have_attribute("aria-pressed", "false")
    expect(after).not_to_have_attribute("data-shows", re.compile("edits="))
    expect(page.get_by_role("slider", name="sefa-1")).to_have_value("0")

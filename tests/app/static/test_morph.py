from __future__ import annotations

import re

import httpx
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.app.server_process import Server
from tests.app.static.canvases import canvas_pixels, sent_pixels
from tests.app.static.conftest import Studio, StudioFactory

pytestmark = pytest.mark.browser

KEYS = ".timeline .face"


def test_faces_dragged_onto_the_timeline_become_a_film_of_the_service_s_frames(
    studio: Studio,
) -> None:
    page = studio.open("#morph?seconds=1")
    for seed in (2, 5):
        page.locator(f".shelf [data-seed='{seed}'][data-shows]").drag_to(page.locator(".timeline"))
    expect(page.locator(KEYS)).to_have_count(2)
    film = page.locator(".stage > canvas")
    expect(film).to_have_attribute("data-shows", re.compile("seeds=2,5&steps=30"))
    page.get_by_role("button", name="Pause").click()
    strip = sent_pixels(studio.url, "interpolate?seeds=2,5&steps=30&format=png")
    scrub = page.get_by_label("Frame", exact=True)
    for frame in (0, 11, 29):
        scrub.fill(str(frame))
        expected = strip[:, frame * 16 : (frame + 1) * 16]
        assert np.array_equal(canvas_pixels(film), expected)
    still = sent_pixels(studio.url, "images/5.png")
    assert np.array_equal(canvas_pixels(film), still)


def test_a_film_plays_and_is_held_by_its_handle(studio: Studio) -> None:
    page = studio.open("#morph?keys=1,2,3&seconds=1")
    told = page.locator(".transport output")
    expect(told).to_contain_text("of 30")
    seen = told.inner_text()
    page.wait_for_function(
        "seen => document.querySelector('.transport output').textContent !== seen", arg=seen
    )
    page.get_by_label("Frame", exact=True).fill("15")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    expect(told).to_have_text("frame 16 of 30")


def test_no_film_plays_by_itself_where_motion_is_unwanted(studio: Studio) -> None:
    studio.page.emulate_media(reduced_motion="reduce")
    page = studio.open("#morph?keys=1,2,3&seconds=1")
    expect(page.locator(".transport output")).to_have_text("frame 1 of 30")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_key_frames_are_moved_and_removed_by_keys(studio: Studio) -> None:
    page = studio.open("#morph?keys=1,2,3&seconds=1")
    page.locator(KEYS).nth(2).focus()
    page.keyboard.press("Alt+ArrowLeft")
    page.wait_for_url(re.compile("keys=1,3,2"))
    page.keyboard.press("Delete")
    page.wait_for_url(re.compile("keys=1,2"))
    page.go_back()
    expect(page.locator(KEYS)).to_have_count(3)


def test_a_key_frame_is_dragged_to_another_place(studio: Studio) -> None:
    page = studio.open("#morph?keys=1,2,3&seconds=1")
    page.locator(f"{KEYS}[data-seed='3'][data-shows]").drag_to(
        page.locator(f"{KEYS}[data-seed='1']"), target_position={"x": 5, "y": 30}
    )
    page.wait_for_url(re.compile("keys=3,1,2"))


def test_a_film_is_saved_in_each_format_as_the_service_makes_it(studio: Studio) -> None:
    page = studio.open("#morph?keys=4,5&seconds=1&path=lerp&easing=ease-in")
    for title in ("GIF", "WebP", "APNG", "MP4", "WebM"):
        with page.expect_download() as saved:
            page.get_by_role("link", name=title, exact=True).click()
        query = "seeds=4,5&steps=30&method=lerp&easing=ease-in&fps=30"
        film = httpx.get(f"{studio.url}/interpolate?{query}&format={title.lower()}")
        assert film.status_code == 200
        assert saved.value.path().read_bytes() == film.content, title


def test_easing_is_chosen_and_shown(studio: Studio) -> None:
    page = studio.open("#morph?keys=4,5&seconds=1")
    film = page.locator(".stage > canvas")
    expect(film).to_have_attribute("data-shows", re.compile("steps=30"))
    page.get_by_label("Easing").select_option("Ease in")
    expect(film).to_have_attribute("data-shows", re.compile("easing=ease-in&"))
    page.get_by_label("Frame", exact=True).fill("8")
    strip = sent_pixels(studio.url, "interpolate?seeds=4,5&steps=30&easing=ease-in&format=png")
    assert np.array_equal(canvas_pixels(film), strip[:, 8 * 16 : 9 * 16])


def test_one_face_is_no_film_and_says_what_is_missing(studio: Studio) -> None:
    page = studio.open("#wall?seed=6")
    page.get_by_role("button", name="Morph: put it on the timeline").click()
    expect(page.get_by_text("One more image makes a film.")).to_be_visible()
    expect(page.get_by_role("button", name="Play")).to_be_disabled()
    page.get_by_role("button", name="Seed 8", exact=True).click()
    page.wait_for_url(re.compile("keys=6,8"))


def test_a_film_leans_as_the_wall_does(studio: Studio) -> None:
    page = studio.open("#morph?keys=4,5&seconds=1&lean=sefa-1:2")
    film = page.locator(".stage > canvas")
    expect(film).to_have_attribute("data-shows", re.compile("edits=sefa-1:2"))
    key = page.locator(f"{KEYS}[data-seed='5'][data-shows] canvas")
    page.get_by_label("Frame", exact=True).fill("29")
    expected = sent_pixels(studio.url, "images/5.png?edits=sefa-1:2")
    assert np.array_equal(canvas_pixels(film), expected)
    assert np.array_equal(canvas_pixels(key), expected)


def test_keys_alone_put_images_onto_the_timeline(studio: Studio) -> None:
    page = studio.open("#morph?seconds=1")
    page.locator(".shelf [data-seed='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("keys=1,2"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Later seeds")).to_be_focused()


def test_a_film_that_is_cleared_leaves_no_frame_behind(studio: Studio) -> None:
    page = studio.open("#morph?keys=1,2&seconds=1")
    told = page.locator(".transport output")
    expect(told).to_contain_text("of 30")
    page.get_by_role("button", name="Clear").click()
    expect(told).to_have_text("")
    page.locator(".shelf [data-seed='5']").click()
    page.locator(f"{KEYS}[data-seed='5'][data-shows]").click()
    expect(told).to_have_text("")
    assert canvas_pixels(page.locator(".stage > canvas")).max() == 0


def test_whoever_removes_key_frames_by_key_goes_on_at_the_next(studio: Studio) -> None:
    page = studio.open("#morph?keys=1,2,3&seconds=1")
    page.locator(KEYS).nth(1).focus()
    for left in (3, 1):
        page.keyboard.press("Delete")
        expect(page.locator(f"{KEYS}[data-seed='{left}']")).to_be_focused()
    page.keyboard.press("Delete")
    expect(page.locator(".shelf [data-seed='0']")).to_be_focused()


def test_fingers_see_how_a_key_frame_is_removed(
    open_studio: StudioFactory, studio_server: Server
) -> None:
    phone = {"width": 390, "height": 844}
    studio = open_studio(studio_server.url, viewport=phone, has_touch=True, is_mobile=True)
    page = studio.open("#morph?keys=1,2,3&seconds=1")
    remove = page.get_by_role("button", name="Remove seed 2")
    expect(remove).to_have_css("opacity", "1")
    assert remove.evaluate("one => Math.min(one.offsetWidth, one.offsetHeight)") >= 24
    remove.tap()
    page.wait_for_url(re.compile("keys=1,3"))

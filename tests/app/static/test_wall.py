from __future__ import annotations

import re

import httpx
import numpy as np
import pytest
from playwright.sync_api import Route, expect

from tests.app.static.announcements import Announcements
from tests.app.static.canvases import canvas_pixels, sent_pixels
from tests.app.static.conftest import Studio

pytestmark = pytest.mark.browser

SHOWN = ".tile[data-shows]"


def images_asked(studio: Studio) -> list[str]:
    return [path for path in studio.asked if path.startswith("/images/")]


def test_the_wall_shows_the_very_images_of_its_seeds(studio: Studio) -> None:
    page = studio.open()
    for seed in (0, 7, 23):
        tile = page.locator(f"{SHOWN}[data-seed='{seed}']")
        expected = sent_pixels(studio.url, f"images/{seed}.png")
        assert np.array_equal(canvas_pixels(tile.locator("canvas")), expected)


def test_scrolling_brings_more_seeds_and_asks_for_none_twice(studio: Studio) -> None:
    page = studio.open("#wall?size=128")
    page.locator(f"{SHOWN}[data-seed='50']").wait_for()
    page.locator(".tile[data-seed='0']").hover()
    for _ in range(6):
        page.mouse.wheel(0, 900)
    page.locator(f"{SHOWN}[data-seed='150']").wait_for()
    page.wait_for_function(
        "() => !location.hash.includes('from=0') && /from=\\d/.test(location.hash)"
    )
    page.mouse.wheel(0, -9000)
    page.locator(f"{SHOWN}[data-seed='0']").wait_for()
    asked = images_asked(studio)
    assert len(asked) > 150
    assert len(asked) == len(set(asked))


def test_tiles_far_from_the_eye_give_their_pixels_back_and_have_them_again(studio: Studio) -> None:
    studio.page.set_viewport_size({"width": 400, "height": 600})  # two tiles a row
    page = studio.open("#wall?size=160")
    first = page.locator(".tile[data-seed='0']")
    page.locator(f"{SHOWN}[data-seed='0']").hover()
    distant = page.locator(".tile[data-seed='70']")
    while not distant.count():
        page.mouse.wheel(0, 900)
    distant.scroll_into_view_if_needed()
    page.locator(f"{SHOWN}[data-seed='70']").wait_for()
    expect(first.locator("canvas")).to_have_attribute("width", "1")
    page.mouse.wheel(0, -9000)
    page.locator(f"{SHOWN}[data-seed='0']").wait_for()
    expected = sent_pixels(studio.url, "images/0.png")
    assert np.array_equal(canvas_pixels(first.locator("canvas")), expected)
    asked = images_asked(studio)
    assert len(asked) == len(set(asked))


def test_truncation_weaves_the_same_seeds_anew(studio: Studio) -> None:
    page = studio.open()
    tile = page.locator("[data-seed='3']")
    expect(tile).to_have_attribute("data-shows", re.compile("images/3"))
    slider = page.get_by_label("Truncation")
    slider.focus()
    for _ in range(8):
        page.keyboard.press("ArrowLeft")
    expect(tile).to_have_attribute("data-shows", re.compile(r"truncation=0\.6&"))
    expected = sent_pixels(studio.url, "images/3.png?truncation=0.6")
    assert np.array_equal(canvas_pixels(tile.locator("canvas")), expected)
    assert "psi=0.6" in page.url


def test_another_model_and_class_are_chosen_and_shown(studio: Studio) -> None:
    page = studio.open()
    expect(page.get_by_label("Class")).to_be_hidden()
    page.locator("#model").select_option("pets")
    page.get_by_label("Class").select_option("dog")
    tile = page.locator("[data-seed='1']")
    expect(tile).to_have_attribute("data-shows", re.compile("model=pets&label=dog"))
    tile.click()
    expect(page.get_by_role("complementary")).to_contain_text("dog")


def test_a_seed_that_is_typed_begins_the_wall(studio: Studio) -> None:
    page = studio.open()
    page.get_by_label("From seed").fill("4711")
    page.keyboard.press("Enter")
    page.locator(f"{SHOWN}[data-seed='4711']").wait_for()
    page.get_by_role("button", name="Earlier seeds").click()
    page.locator(f"{SHOWN}[data-seed='4651']").wait_for()
    page.go_back()
    page.locator(f"{SHOWN}[data-seed='4711']").wait_for()


def test_the_greatest_seed_ends_the_wall(studio: Studio) -> None:
    page = studio.open(f"#wall?from={2**53 - 3}")
    page.locator(f"{SHOWN}[data-seed='{2**53 - 2}']").wait_for()
    assert page.locator(".tile").count() == 2


def test_keys_alone_walk_the_wall_and_open_and_close_an_image(studio: Studio) -> None:
    page = studio.open()
    page.locator(f"{SHOWN}[data-seed='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Seed 2")).to_be_visible()
    page.get_by_role("button", name="Next seed").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Seed 3")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary")).to_be_hidden()
    expect(page.locator("[data-seed='3']")).to_be_focused()


def test_the_inspector_shows_image_latent_and_digest_as_the_service_has_them(
    studio: Studio,
) -> None:
    page = studio.open("#wall?seed=9&psi=0.5")
    large = page.locator(".inspector > canvas")
    expect(large).to_have_attribute("data-shows", re.compile("images/9"))
    expected = sent_pixels(studio.url, "images/9.png?truncation=0.5")
    assert np.array_equal(canvas_pixels(large), expected)
    latent = httpx.get(f"{studio.url}/latents/9?truncation=0.5").json()
    expect(page.locator(".inspector .facts")).to_contain_text(latent["digest"])
    length = f"{np.linalg.norm(latent['z']):.2f}"
    expect(page.get_by_role("img", name=f"of length {length}")).to_be_visible()
    page.get_by_role("button", name="Verify").click()
    expect(page.locator(".verdict")).to_contain_text("Identical")
    expect(page.locator(".verdict")).to_contain_text("Every pixel is what this service renders.")


def test_the_latent_of_the_inspector_has_a_name_before_it_arrives(studio: Studio) -> None:
    held: list[Route] = []
    studio.page.route("**/latents/*", lambda route: held.append(route))
    with studio.page.expect_request("**/latents/9?*"):
        page = studio.open("#wall?seed=9")
    threads = page.locator(".inspector .threads")
    expect(threads).to_have_accessible_name("The latent, on its way")
    for route in held:
        route.continue_()
    expect(threads).to_have_accessible_name(re.compile("The latent of seed 9: "))


def test_a_latent_that_does_not_come_is_said_in_words(studio: Studio) -> None:
    studio.complaints.foresee("500")
    studio.page.route("**/latents/*", lambda route: route.fulfill(status=500, body="{}"))
    page = studio.open("#wall?seed=9")
    expect(page.locator(".inspector .threads")).to_have_accessible_name("The latent did not come")
    expect(page.get_by_text("No latent: The service answered 500.")).to_be_visible()


def test_a_latent_that_comes_late_does_not_replace_the_one_of_another_truncation(
    studio: Studio,
) -> None:
    held: list[Route] = []
    studio.page.route(re.compile(r"latents/9\?digest"), lambda route: held.append(route))
    with studio.page.expect_request(re.compile(r"latents/9\?digest")):
        page = studio.open("#wall?seed=9")
    page.get_by_label("Truncation").fill("0.5")
    z = httpx.get(f"{studio.url}/latents/9?truncation=0.5").json()["z"]
    threads = page.get_by_role("img", name=f"of length {np.linalg.norm(z):.2f}")
    expect(threads).to_be_visible()
    with page.expect_response(re.compile(r"latents/9\?digest")):
        held[0].continue_()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(threads).to_be_visible()


@pytest.mark.parametrize(("extension", "name"), [("png", "PNG"), ("jpg", "JPEG"), ("webp", "WebP")])
def test_each_format_is_saved_as_the_service_sends_it(
    studio: Studio, extension: str, name: str
) -> None:
    page = studio.open("#wall?seed=9")
    with page.expect_download() as saved:
        page.get_by_role("link", name=name, exact=True).click()
    assert saved.value.suggested_filename == f"faces-9.{extension}"
    expected = httpx.get(f"{studio.url}/images/9.{extension}").content
    assert saved.value.path().read_bytes() == expected


def test_images_are_dragged_from_the_wall_onto_the_tabs_of_other_views(studio: Studio) -> None:
    page = studio.open()
    told = Announcements(page.locator("#notice"))
    for seed in (4, 9):
        tile = page.locator(f"{SHOWN}[data-seed='{seed}']")
        tile.drag_to(page.get_by_role("link", name="Morph", exact=True))
        told.wait_for(f"Seed {seed} is on the timeline.")
    page.locator(f"{SHOWN}[data-seed='7']").drag_to(page.get_by_role("link", name="Arithmetic"))
    page.wait_for_url(re.compile(r"#wall\?keys=4,9&a=7"))
    page.get_by_role("link", name="Morph", exact=True).click()
    expect(page.locator(".stage > canvas")).to_have_attribute("data-shows", re.compile("seeds=4,9"))


def test_escape_closes_an_image_that_was_opened_by_a_click(studio: Studio) -> None:
    page = studio.open()
    tile = page.locator(f"{SHOWN}[data-seed='4']")
    tile.click()
    expect(page.get_by_role("heading", name="Seed 4")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".inspector")).to_be_hidden()
    expect(tile).to_be_focused()

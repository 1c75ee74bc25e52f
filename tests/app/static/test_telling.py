"""What the studio says where it cannot do what was asked."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.app.static.announcements import Announcements
from tests.app.static.conftest import Studio

pytestmark = pytest.mark.browser

LAST_SEED = 2**53 - 2


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("abc", f"\u201cabc\u201d is not a seed. A seed is a whole number from 0 to {LAST_SEED}."),
        ("-5", f"\u201c-5\u201d is not a seed. A seed is a whole number from 0 to {LAST_SEED}."),
        ("9" * 20, f"{'9' * 20} is beyond the last seed, {LAST_SEED}."),
        (str(LAST_SEED + 1), f"{LAST_SEED + 1} is beyond the last seed, {LAST_SEED}."),
    ],
)
def test_what_is_no_seed_is_left_to_be_mended_and_the_wall_says_why(
    studio: Studio, typed: str, told: str
) -> None:
    page = studio.open("#wall?from=12")
    field = page.get_by_label("From seed")
    note = page.locator("#from-note")
    field.fill(typed)
    field.press("Enter")
    expect(note).to_have_text(f"{told} The wall stays where it was.")
    expect(field).to_have_value(typed)
    expect(field).to_have_attribute("aria-invalid", "true")
    assert "from=12" in page.url
    field.fill(str(LAST_SEED))
    expect(note).to_be_empty()
    field.press("Enter")
    page.locator(f".tile[data-shows][data-seed='{LAST_SEED}']").wait_for()
    assert field.get_attribute("aria-invalid") is None


def test_a_link_to_a_model_that_is_not_served_says_which_is_shown(studio: Studio) -> None:
    page = studio.open("#wall?model=gone")
    notice = page.locator("#notice")
    told = "The model \u201cgone\u201d is not served here. This is faces instead."
    expect(notice).to_have_text(told)
    expect(page.locator("#model")).to_have_value("faces")
    page.locator(".tile[data-shows]").first.wait_for()
    expect(notice).to_be_visible()
    page.locator("#model").select_option("pets")
    expect(notice).to_be_hidden()
    page.go_back()
    expect(notice).to_have_text(told)


def test_other_news_gives_way_to_what_is_shown_instead(studio: Studio) -> None:
    page = studio.open("#wall?model=gone")
    notice = page.locator("#notice")
    told = Announcements(notice)
    tile = page.locator(".tile[data-shows][data-seed='4']")
    tile.drag_to(page.get_by_role("link", name="Morph", exact=True))
    told.wait_for("Seed 4 is on the timeline.")
    expect(notice).to_have_text(re.compile("is not served here"))


@pytest.mark.parametrize(
    ("psnr_db", "told"),
    [
        ("null", "Equal to your picture in all that is known of it."),
        ("30", "Very like your picture: 30.0 dB from what is known of it."),
        ("29.97", "Very like your picture: 30.0 dB from what is known of it."),
        ("29.9", "Roughly like your picture: 29.9 dB from what is known of it."),
        ("22", "Roughly like your picture: 22.0 dB from what is known of it."),
        ("17.6", "Not much like your picture: 17.6 dB from what is known of it."),
    ],
)
def test_how_alike_a_find_is_is_said_in_words_that_fit_the_number_shown(
    studio: Studio, psnr_db: str, told: str
) -> None:
    page = studio.open("#picture")
    script = f"import('./static/studio/wording.js').then(words => words.likeness({psnr_db}))"
    assert page.evaluate(script) == told


def test_a_wall_whose_images_are_refused_says_why_until_they_come(studio: Studio) -> None:
    studio.complaints.foresee("422")
    page = studio.open("#wall?lean=horns:2")
    why = page.get_by_text("there is no direction 'horns'")
    expect(why).to_be_visible()
    attribute = page.get_by_label("Attribute")
    expect(attribute.locator("option:checked")).to_have_text("horns")
    attribute.select_option("sefa-1")
    page.locator(".tile[data-shows*='edits=sefa-1']").first.wait_for()
    expect(why).to_have_count(0)


def test_a_page_whose_programs_are_under_way_says_so(studio: Studio) -> None:
    page = studio.page
    page.route("**/studio/studio.js", lambda route: route.abort())
    studio.complaints.foresee("ERR_FAILED")
    page.goto(studio.url)
    expect(page.get_by_text("The studio is loading")).to_be_visible()
    expect(page.locator("#model")).to_be_hidden()

from __future__ import annotations

import re

import httpx
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.app.static.canvases import canvas_pixels, file_pixels, sent_pixels
from tests.app.static.conftest import Studio

pytestmark = pytest.mark.browser


def test_two_models_stand_side_by_side_at_the_same_seeds(studio: Studio) -> None:
    page = studio.open("#models?from=10")
    page.get_by_label("Beside it").select_option("signs")
    for name in ("faces", "signs"):
        canvas = page.get_by_role("article", name=name).locator(
            "canvas[data-seed='12'][data-shows]"
        )
        expected = sent_pixels(studio.url, f"images/12.png?model={name}")
        assert np.array_equal(canvas_pixels(canvas), expected)


def test_a_card_tells_data_licence_and_scores_beside_those_of_real_images(studio: Studio) -> None:
    page = studio.open("#models?model=pets")
    card = page.get_by_role("article", name="pets")
    expect(card).to_contain_text("CC0-1.0")
    expect(card).to_contain_text("cat, dog, 7")
    recall = card.get_by_role("row", name="recall")
    expect(recall.get_by_role("cell")).to_have_text(["0.51", "0.73"])
    expect(card.get_by_role("row", name="fid").get_by_role("cell")).to_have_text(["\u2013", ""])
    page.get_by_role("article", name="pets").get_by_role("button", name="Open its wall").click()
    page.locator(".tile[data-shows*='model=pets']").first.wait_for()


def test_the_sheet_of_a_card_is_saved_as_one_image_of_the_seeds_it_shows(studio: Studio) -> None:
    page = studio.open("#models?from=10")
    card = page.get_by_role("article", name="faces")
    shown = [
        int(seed)
        for seed in card.locator(".sheet canvas").evaluate_all(
            "all => all.map(canvas => canvas.dataset.seed)"
        )
    ]
    with page.expect_download() as saved:
        card.get_by_role("button", name="Save the sheet").click()
    body = {"seeds": shown, "layout": "grid"}
    expected = httpx.post(f"{studio.url}/generate", json=body).content
    assert shown[0] == 10
    assert np.array_equal(file_pixels(saved.value.path().read_bytes()), file_pixels(expected))


def test_the_wall_of_another_model_keeps_nothing_that_only_the_first_knows(studio: Studio) -> None:
    page = studio.open("#models?lean=sefa-1:2&edits=sefa-2:1&size=64&z=1,2,3")
    page.get_by_label("Beside it").select_option("signs")
    page.get_by_role("article", name="signs").get_by_role("button", name="Open its wall").click()
    page.wait_for_url(re.compile(r"#wall\?model=signs&rival=signs$"))


def test_the_wall_of_the_same_model_stays_as_it_leans(studio: Studio) -> None:
    page = studio.open("#models?lean=sefa-1:2")
    page.get_by_role("article", name="faces").get_by_role("button", name="Open its wall").click()
    page.wait_for_url(re.compile(r"#wall\?lean=sefa-1:2$"))

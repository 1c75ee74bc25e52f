"""The wall shows for each seed the best of several candidates, and says which seed won."""

from __future__ import annotations

import json
import re

import httpx
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.app.static.canvases import canvas_pixels, sent_pixels
from tests.app.static.conftest import Studio

pytestmark = pytest.mark.browser


def lost_seed(url: str, best_of: int) -> tuple[int, int]:
    """Find a seed that another one beats, and that other one."""
    for seed in range(40):
        answer = httpx.get(f"{url}/images/{seed}.png", params={"best_of": best_of})
        winner = int(answer.headers["X-Ganloom-Seeds"])
        if winner != seed:
            return seed, winner
    raise AssertionError("every seed beat its candidates")


def test_the_best_of_several_is_chosen_on_the_wall_and_restored_by_its_link(studio: Studio) -> None:
    seed, _ = lost_seed(studio.url, 4)
    page = studio.open()
    page.get_by_label("Best of").select_option("4")
    tile = page.locator(f".tile[data-seed='{seed}']")
    for _ in ("chosen", "restored"):
        expect(tile).to_have_attribute("data-shows", re.compile("best_of=4"))
        shown = canvas_pixels(tile.locator("canvas"))
        assert np.array_equal(shown, sent_pixels(studio.url, f"images/{seed}.png?best_of=4"))
        assert not np.array_equal(shown, sent_pixels(studio.url, f"images/{seed}.png"))
        page.wait_for_url(re.compile("best=4"))
        page.reload()
        expect(page.get_by_label("Best of")).to_have_value("4")


def test_the_inspector_tells_the_seed_that_won_its_latent_and_takes_it_along(
    studio: Studio,
) -> None:
    seed, winner = lost_seed(studio.url, 8)
    page = studio.open(f"#wall?seed={seed}&best=8")
    facts = page.locator(".inspector .facts")
    expect(facts).to_contain_text(f"Best of 8seed {winner}")
    large = page.locator(".inspector > canvas")
    assert np.array_equal(canvas_pixels(large), sent_pixels(studio.url, f"images/{winner}.png"))
    expect(page.get_by_role("img", name=f"The latent of seed {winner}:")).to_be_visible()
    page.get_by_role("button", name="Verify").click()
    expect(page.locator(".verdict")).to_contain_text("Identical")
    expect(page.locator(".verdict")).to_contain_text("Every pixel is what this service renders.")
    page.get_by_role("button", name="Arithmetic: add it to A").click()
    page.wait_for_url(re.compile(f"#arithmetic.*[?&]a={winner}$"))


def test_the_call_of_the_wall_asks_for_no_more_candidates_than_a_request_may(
    studio: Studio,
) -> None:
    page = studio.open("#wall?best=8")
    code = page.locator("#call code")
    expect(code).to_contain_text('"best_of":8')
    sent = re.search(r"-d '(.*)' -o", code.inner_text())
    assert sent
    body = json.loads(sent[1])
    most = httpx.get(f"{studio.url}/models/faces").json()["limits"]["max_images"]
    assert body["n"] > 1
    assert body["n"] * body["best_of"] <= most


def test_a_model_that_cannot_judge_offers_no_best(studio: Studio) -> None:
    page = studio.open("#wall?model=signs&best=8")
    expect(page.locator(".tile[data-shows]").first).to_be_visible()
    expect(page.get_by_label("Best of")).to_be_hidden()
    assert not [path for path in studio.asked if "best_of" in path]

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from tests.app.server_process import ROOT, Server
from tests.app.static.conftest import Studio, StudioFactory

pytestmark = pytest.mark.browser

STATIC = ROOT / "app" / "static"
Z = ",".join(["0.5"] * 8)
VIEWS = {
    "wall": "#wall?seed=3",
    "morph": "#morph?keys=1,2,3&seconds=1",
    "shape": "#shape?face=3&edits=sefa-1:1",
    "arithmetic": "#arithmetic?a=1,2&b=3&c=4",
    "picture": f"#picture?z={Z}&task=inpaint",
    "models": "#models",
}
PHONE, LAPTOP, WIDE = (390, 844), (1280, 800), (2200, 1200)


def settle(page: Page) -> None:
    """Wait until every image of a view has come."""
    page.locator("main canvas").first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_fault_in_any_view(
    open_studio: StudioFactory, studio_server: Server, theme: str
) -> None:
    studio = open_studio(
        studio_server.url, color_scheme=theme, viewport={"width": 1280, "height": 800}
    )
    axe = Axe()
    faults = []
    for view, state in VIEWS.items():
        page = studio.open(state)
        page.locator(f"main.view-{view}").wait_for()
        settle(page)
        for fault in axe.run(page).response["violations"]:
            if fault["impact"] in ("serious", "critical"):
                faults.append((view, fault["id"], [node["html"][:120] for node in fault["nodes"]]))
    assert faults == []


@pytest.mark.parametrize("size", [PHONE, LAPTOP, WIDE], ids=["phone", "laptop", "wide"])
def test_no_view_is_wider_than_its_screen(
    open_studio: StudioFactory, studio_server: Server, size: tuple[int, int]
) -> None:
    studio = open_studio(studio_server.url, viewport={"width": size[0], "height": size[1]})
    for view, state in VIEWS.items():
        page = studio.open(state)
        page.locator(f"main.view-{view}").wait_for()
        settle(page)
        for place in ("document.documentElement", "document.querySelector('main')"):
            assert page.evaluate(f"{place}.scrollWidth - {place}.clientWidth") <= 0, view


def test_every_view_is_reached_by_keys_and_shows_its_call(studio: Studio) -> None:
    page = studio.open()
    for title in ("Morph", "Shape", "Arithmetic", "From a picture", "Models", "Wall"):
        page.get_by_role("link", name=title, exact=True).focus()
        page.keyboard.press("Enter")
        expect(page).to_have_title(f"{title} · ganloom")
        expect(page.get_by_role("link", name=title, exact=True)).to_have_attribute(
            "aria-current", "page"
        )
    page.get_by_role("link", name="Skip to the view").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_theme_is_the_system_s_until_a_person_chooses(studio: Studio) -> None:
    page = studio.open()
    paper = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(paper)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(paper)
    assert dark != light
    page.get_by_role("button", name="Theme: Auto").click()
    assert page.evaluate(paper) == dark
    page.reload()
    page.get_by_role("button", name="Theme: Dark").click()
    assert page.evaluate(paper) == light


def test_the_studio_works_behind_a_path_prefix(studio: Studio) -> None:
    page = studio.page

    def forward(route: Route) -> None:
        route.continue_(url=route.request.url.replace("/lab/ganloom/", "/"))

    page.route("**/lab/ganloom/**", forward)
    page.goto(f"{studio.url}/lab/ganloom/#wall?seed=2")
    page.locator(".tile[data-shows][data-seed='2']").wait_for()
    page.get_by_role("link", name="Shape", exact=True).click()
    expect(page.get_by_role("slider", name="sefa-1")).to_be_visible()
    expect(page.locator("#call code")).to_contain_text(f"{studio.url}/lab/ganloom/images/")
    assert all(path.startswith("/lab/ganloom/") for path in studio.asked), studio.asked


def test_the_live_strip_counts_what_was_made(studio: Studio) -> None:
    page = studio.open(f"#wall?from={12_345_678}")
    page.locator(".tile[data-shows][data-seed='12345678']").wait_for()
    expect(page.locator("#live")).to_contain_text(re.compile(r"[1-9][\d,]* made"), timeout=10_000)
    expect(page.locator("#live")).to_contain_text(re.compile(r"\d+(\.\d)? in a batch"))


def test_modules_are_small_and_ask_for_nothing_from_elsewhere() -> None:
    for path in [*STATIC.rglob("*.js"), *STATIC.rglob("*.css"), STATIC / "index.html"]:
        text = Path(path).read_text()
        assert len(text.splitlines()) <= 300, path
        assert "://" not in text, path

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from tests.app.server_process import ROOT, Server
from tests.app.static.announcements import Announcements
from tests.app.static.conftest import Studio, StudioFactory

pytestmark = pytest.mark.browser

STATIC = ROOT / "app" / "static"
Z = ",".join(["0.5"] * 8)
# How far a view is wider than its screen; width and height, its own and shown, of each large image.
MEASURES = """() => {
  const places = [document.documentElement, document.querySelector("main")];
  const images = [...document.querySelectorAll("canvas.crisp, .sheet canvas")]
    .filter(canvas => canvas.checkVisibility() && canvas.width > 1)
    .map(canvas => [canvas, canvas.getBoundingClientRect()]);
  return {
    beyond: Math.max(...places.map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)),
    images: images.map(([canvas, box]) => [[canvas.width, canvas.height], [box.width, box.height]]),
  };
}"""
TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
# A state of every view, and what is there once it is complete.
VIEWS = {
    "wall": ("#wall?seed=3", ".inspector > canvas[data-shows]"),
    "morph": ("#morph?keys=1,2,3&seconds=1", ".stage > canvas[data-shows]"),
    "shape": ("#shape?face=3&edits=sefa-1:1", ".directions fieldset:last-child"),
    "arithmetic": ("#arithmetic?a=1,2&b=3&c=4", ".result canvas[data-shows]"),
    "picture": (f"#picture?z={Z}&task=inpaint", ".directions fieldset:last-child"),
    "models": ("#models", ".card:last-child .sheet canvas:last-child[data-shows]"),
}
SIZES = ((390, 844), (840, 700), (1366, 768), (1920, 1080), (2560, 1440))


def go_to(page: Page, view: str) -> None:
    """Follow a link to a view, and wait until it is complete."""
    state, sign = VIEWS[view]
    page.evaluate("state => (location.hash = state)", state)
    page.locator(f"main.view-{view} {sign}").wait_for(state="attached")


def test_axe_finds_no_serious_fault_in_any_view_in_either_theme(studio: Studio) -> None:
    page = studio.open()
    axe = Axe()
    faults = []
    for view in VIEWS:
        go_to(page, view)
        for theme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # both are themes
            for fault in axe.run(page, options=rules).response["violations"]:
                if fault["impact"] in ("serious", "critical"):
                    nodes = [node["html"][:120] for node in fault["nodes"]]
                    faults.append((view, theme, fault["id"], nodes))
    assert faults == []


@pytest.fixture(scope="module")
def layouts(shared_page: Page, studio_server: Server) -> dict[tuple[str, int], dict[str, Any]]:
    """What every view measures in a window that is made larger and larger, by view and width."""
    page = Studio(shared_page, studio_server.url).open()
    measured = {}
    for view in VIEWS:
        go_to(page, view)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate(TWO_FRAMES)
            measured[view, width] = page.evaluate(MEASURES)
    return measured


def test_no_view_is_wider_than_its_screen(layouts: dict[tuple[str, int], dict[str, Any]]) -> None:
    assert {at: found["beyond"] for at, found in layouts.items() if found["beyond"] > 0} == {}


def test_every_image_is_enlarged_by_whole_pixels_at_any_size_of_the_window(
    layouts: dict[tuple[str, int], dict[str, Any]],
) -> None:
    for at, found in layouts.items():
        assert found["images"] or at[0] == "picture", at
        for own, shown in found["images"]:
            assert shown[0] % own[0] == 0, (at, own, shown)
            assert shown[0] / own[0] == shown[1] / own[1], (at, own, shown)


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


def test_the_live_strip_counts_what_was_made(
    open_studio: StudioFactory, studio_server: Server
) -> None:
    studio = open_studio(studio_server.url)  # its own: a clock that was installed stays
    studio.page.clock.install()  # it reads every two seconds
    page = studio.open(f"#wall?from={12_345_678}")
    page.locator(".tile[data-shows][data-seed='12345678']").wait_for()
    page.clock.fast_forward(2000)
    expect(page.locator("#live")).to_contain_text(re.compile(r"[1-9][\d,]* made"))
    expect(page.locator("#live")).to_contain_text(re.compile(r"\d+(\.\d)? in a batch"))


def test_modules_are_small_and_ask_for_nothing_from_elsewhere() -> None:
    for path in [*STATIC.rglob("*.js"), *STATIC.rglob("*.css"), STATIC / "index.html"]:
        text = Path(path).read_text()
        assert len(text.splitlines()) <= 300, path
        assert "://" not in text, path


def test_number_keys_go_to_the_views_and_a_question_mark_lists_the_keys(studio: Studio) -> None:
    page = studio.open("#wall?seed=3")
    page.keyboard.press("3")
    expect(page).to_have_title("Shape · ganloom")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.keyboard.press("1")
    page.get_by_label("From seed").press("6")
    expect(page).to_have_title("Wall · ganloom")


def test_keys_that_act_alone_are_turned_off_for_good(studio: Studio) -> None:
    page = studio.open()
    page.get_by_role("button", name="Keys").click()
    page.get_by_role("checkbox", name="act alone").uncheck()
    page.get_by_role("button", name="Close").click()
    page.reload()
    page.locator(".tile[data-shows]").first.wait_for()
    page.keyboard.press("3")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    expect(page).to_have_title("Wall · ganloom")


def test_code_that_cannot_be_copied_is_selected(
    open_studio: StudioFactory, studio_server: Server
) -> None:
    studio = open_studio(studio_server.url)  # its own: a script of a page's start stays with it
    page = studio.page
    page.add_init_script("if (navigator.clipboard) navigator.clipboard.writeText = undefined;")
    studio.open()
    copy = page.locator("#call .copy")
    told = Announcements(copy)
    copy.click()
    told.wait_for("Press Ctrl+C")
    assert page.evaluate("getSelection().toString()") == page.locator("#call code").inner_text()


@pytest.mark.parametrize("row", ["#views", ".controls"])
def test_a_row_that_is_cut_off_fades_where_it_goes_on(studio: Studio, row: str) -> None:
    page = studio.open()
    cut = page.locator(row)
    expect(cut).not_to_have_class(re.compile("more-"))
    page.set_viewport_size({"width": 390, "height": 844})
    expect(cut).to_have_class(re.compile("more-after"))
    assert "rgba(0, 0, 0, 0)" in cut.evaluate("node => getComputedStyle(node).maskImage")
    cut.evaluate("node => (node.scrollLeft = 60)")
    expect(cut).to_have_class(re.compile("more-after more-before"))
    cut.evaluate("node => (node.scrollLeft = 9999)")
    expect(cut).to_have_class(re.compile("more-before$"))


@pytest.mark.parametrize("model", ["faces", "pets"])
def test_no_control_of_the_wall_stands_alone_in_a_row(studio: Studio, model: str) -> None:
    page = studio.open(f"#wall?model={model}")
    shuffle = page.get_by_role("button", name="Shuffle")
    attribute = page.get_by_label("Attribute")
    before = shuffle.bounding_box()
    attribute.select_option("sefa-2")
    expect(page.get_by_label("How much")).to_be_visible()
    tops = page.locator(".controls").evaluate(
        """row => [...row.querySelectorAll("input, select, button")]
          .filter(node => node.checkVisibility())
          .map(node => node.getBoundingClientRect()).map(box => (box.top + box.bottom) / 2)"""
    )
    rows = [sum(abs(other - top) < 4 for other in tops) for top in tops]
    assert min(rows) > 1, (before, tops)

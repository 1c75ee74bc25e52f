"""What lies under the pointer can still be read."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.app.static.conftest import Studio

pytestmark = pytest.mark.browser

# The colours of text and ground as a screen has them, however a style sheet writes them.
COLOURS = """node => {
  const context = document.createElement("canvas").getContext("2d");
  const { color, backgroundColor } = getComputedStyle(node);
  return [color, backgroundColor].map(written => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = written;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  });
}"""
LEAST_CONTRAST = 4.5


def luminance(colour: list[int]) -> float:
    """Relative luminance of opaque sRGB levels, WCAG 2.1."""
    assert colour[3] == 255
    shares = [level / 255 for level in colour[:3]]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(node: Locator) -> float:
    """The contrast ratio of a node's text, WCAG 2.1."""
    darker, lighter = sorted(luminance(colour) for colour in node.evaluate(COLOURS))
    return (lighter + 0.05) / (darker + 0.05)


def brush_a_hole(page: Page, picture: Path) -> None:
    page.locator("input[type=file]").set_input_files(picture)
    expect(page.locator(".holes")).to_be_visible()  # once the picture is decoded
    page.locator(".holes").focus()
    page.keyboard.press("Space")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_primary_button_is_read_under_the_pointer(
    studio: Studio, tmp_path: Path, theme: str
) -> None:
    picture = tmp_path / "mine.png"
    picture.write_bytes(httpx.get(f"{studio.url}/images/5.png").content)
    page = studio.page
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    for state, name in (("#morph?keys=1,2&seconds=1", "Play"), ("#picture?task=inpaint", "Fill")):
        studio.open(state)
        if name == "Fill":
            brush_a_hole(page, picture)
        button = page.locator("button.main")
        expect(button).to_have_text(name)
        expect(button).to_be_enabled()
        assert contrast(button) >= LEAST_CONTRAST, name
        button.hover()
        assert button.evaluate("node => node.matches(':hover')")
        assert contrast(button) >= LEAST_CONTRAST, name


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_link_that_skips_to_the_view_is_read_under_the_pointer(
    studio: Studio, theme: str
) -> None:
    page = studio.open()
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # both are themes
    skip = page.get_by_role("link", name="Skip to the view")
    skip.focus()
    skip.hover()
    assert contrast(skip) >= LEAST_CONTRAST

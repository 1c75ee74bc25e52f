"""Screenshots of every view of the studio at three sizes in both themes.

    python -m benchmarks.screenshots --out runs/screenshots

With the shipped weights; about two minutes. They are for looking at: nothing is judged here.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.chromium import chromium
from benchmarks.contenders import ganloom
from benchmarks.server import running

SIZES = {"phone": (390, 844), "laptop": (1440, 900), "wide": (2560, 1440)}
THEMES = ("light", "dark")
VIEWS = {
    "wall": "#wall",
    "inspector": "#wall?seed=7",
    "morph": "#morph?keys=3,21,35,9&seconds=4",
    "shape": "#shape?face=35&edits=sefa-2:2,pca-1:-1",
    "arithmetic": "#arithmetic?a=10,17,34&b=4,15,22&c=3,21,32",
    "picture": "#picture?steps=150",
    "models": "#models",
}
_FOUND_MS = 120_000


def main() -> None:
    """Open each view and keep what is seen."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--out", type=Path, default=Path("runs/screenshots"))
    parser.add_argument("--view", choices=VIEWS, action="append", help="only this one")
    parser.add_argument("--size", choices=SIZES, action="append", help="only this one")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with running(ganloom(arguments.weights, {})) as server, chromium() as browser:
        for size in arguments.size or SIZES:
            for theme in THEMES:
                for view in arguments.view or VIEWS:
                    path = arguments.out / f"{view}-{size}-{theme}.png"
                    _take(browser, f"http://127.0.0.1:{server.port}/", (view, size, theme), path)
                    print(path)


def _take(browser: Browser, url: str, what: tuple[str, str, str], path: Path) -> None:
    view, size, theme = what
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        device_scale_factor=2 if size == "phone" else 1,
    )
    page = context.new_page()
    page.goto(url + VIEWS[view])
    page.locator("main canvas").first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    if view == "picture":
        _search(page)
    page.wait_for_timeout(600)  # until what fades in has done so
    page.screenshot(path=path)
    context.close()


def _search(page: Page) -> None:
    """Take a face of the shelf, so that there is something to be seen."""
    page.locator(".shelf .face").nth(14).click()
    page.get_by_text("Found,").wait_for(timeout=_FOUND_MS)


if __name__ == "__main__":
    main()

"""Screenshots of the studio: those of the documentation, or every view to be looked at.

    python -m benchmarks.screenshots                         # docs/images/studio-*.png
    python -m benchmarks.screenshots --out runs/screenshots  # every view, four sizes, both themes

With the shipped weights; the second takes some minutes. Nothing is judged here. `SEEDS` and
`EDITS` were chosen by eye for `weights/faces-64.safetensors`: with other weights choose them anew,
from `python -m model sample weights/faces-64.safetensors --seeds 0-95 --out sheet.png`.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from benchmarks.chromium import chromium
from benchmarks.contenders import ganloom
from benchmarks.server import ROOT, running

# Who is seen where, in one place.
SEEDS = {
    "inspected": "8",
    "morphed": "17,21,8,93,19",
    "shaped": "8",
    "with sunglasses": "38,50,57",
    "without sunglasses": "21,12,8",
    "gains sunglasses": "93",
    "searched for": "21",
}
EDITS = "sunglasses:4"
# How much of the morph has been played when it is stopped.
PLAYED = 0.4

VIEWS = {
    "wall": "#wall",
    "inspector": f"#wall?seed={SEEDS['inspected']}",
    "morph": f"#morph?keys={SEEDS['morphed']}&seconds=4",
    "shape": f"#shape?face={SEEDS['shaped']}&edits={EDITS}",
    "arithmetic": f"#arithmetic?a={SEEDS['with sunglasses']}&b={SEEDS['without sunglasses']}"
    f"&c={SEEDS['gains sunglasses']}",
    "picture": "#picture?task=super-resolve&factor=4",
    "models": "#models",
}
# What is there once a view is complete.
_COMPLETE = {
    "wall": ".tile[data-shows]",
    "inspector": ".inspector > canvas[data-shows]",
    "morph": ".stage > canvas[data-shows]",
    "shape": "canvas[aria-label=After][data-shows]",
    "arithmetic": ".result canvas[data-shows]",
    "picture": "canvas[aria-label='What was found'][data-shows]",
    "models": ".card:last-child .sheet canvas:last-child[data-shows]",
}
SIZES = {
    "phone": (390, 844),
    "laptop": (1366, 768),
    "desk": (1920, 1080),
    "wide": (2560, 1440),
    "page": (1440, 900),  # of the documentation
}
THEMES = ("light", "dark")
_LIMIT_MS = 120_000  # a search is the longest
_LIVE = "() => /\\d/.test(document.querySelector('#live b').textContent)"
# Every image that is in sight has come, and what fades in has done so.
_SETTLED = """() => [...document.querySelectorAll(".tile, .face, .term > canvas, .sheet canvas")]
  .filter(one => one.checkVisibility())
  .filter(one => {
    const { top, right, bottom, left } = one.getBoundingClientRect();
    return bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
  })
  .every(one => one.dataset.shows)
  && !document.getAnimations().some(one => one instanceof CSSTransition)"""


@dataclass(frozen=True)
class Shot:
    """A view, in a window of this size, in this theme, and the file that shows it."""

    view: str
    size: str
    theme: str
    path: Path


# The pictures of README.md and docs/studio.md: file, view, theme.
_DOCUMENTED = (
    ("studio-wall", "inspector", "light"),
    ("studio-arithmetic", "arithmetic", "dark"),
    ("studio-shape", "shape", "light"),
    ("studio-morph", "morph", "light"),
    ("studio-picture", "picture", "light"),
)


def main() -> None:
    """Open each view and keep what is seen."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--out", type=Path, help="every view, here, in place of docs/images")
    parser.add_argument("--view", choices=VIEWS, action="append", help="only this one")
    parser.add_argument("--size", choices=SIZES, action="append", help="only this one")
    arguments = parser.parse_args()
    if arguments.out is None and arguments.size:
        parser.error("the documentation's pictures have one size: --size goes with --out")
    shots = [
        shot
        for shot in (_documented() if arguments.out is None else _all(arguments.out))
        if shot.view in (arguments.view or VIEWS) and shot.size in (arguments.size or SIZES)
    ]
    with running(ganloom(arguments.weights, {})) as server, chromium() as browser:
        for shot in shots:
            shot.path.parent.mkdir(parents=True, exist_ok=True)
            _take(browser, f"http://127.0.0.1:{server.port}/", shot)
            print(shot.path)


def _documented() -> Iterator[Shot]:
    for name, view, theme in _DOCUMENTED:
        yield Shot(view, "page", theme, ROOT / "docs" / "images" / f"{name}.png")


def _all(folder: Path) -> Iterator[Shot]:
    for size in SIZES:
        if size != "page":
            for theme in THEMES:
                for view in VIEWS:
                    yield Shot(view, size, theme, folder / f"{view}-{size}-{theme}.png")


def _take(browser: Browser, url: str, shot: Shot) -> None:
    width, height = SIZES[shot.size]
    is_phone = shot.size == "phone"
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if shot.theme == "dark" else "light",
        device_scale_factor=2 if is_phone else 1,
        has_touch=is_phone,
        is_mobile=is_phone,
    )
    context.set_default_timeout(_LIMIT_MS)
    page = context.new_page()
    page.goto(url + VIEWS[shot.view])
    if shot.view == "picture":
        _search(page)
    page.locator(_COMPLETE[shot.view]).first.wait_for()
    if shot.view == "morph":
        _stop(page)
    page.wait_for_function(_LIVE)  # until the live strip has read twice
    page.wait_for_function(_SETTLED)
    _write(page.screenshot(), shot.path)
    context.close()


def _search(page: Page) -> None:
    """Take a face of the shelf, so that there is something to be seen."""
    page.locator(f".shelf .face[data-seed='{SEEDS['searched for']}']").click()
    page.locator(_COMPLETE["picture"]).wait_for()


def _stop(page: Page) -> None:
    """Hold the film where it shows a face between two others."""
    frame = page.get_by_label("Frame", exact=True)
    frame.fill(str(round(PLAYED * int(frame.get_attribute("max") or 0))))
    frame.blur()


def _write(screenshot: bytes, path: Path) -> None:
    """Write it with 256 colours, a third of the bytes: these files are in the repository."""
    image = Image.open(io.BytesIO(screenshot)).convert("RGB")
    image.quantize(256, kmeans=2, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()

"""How quick is the studio in a real Chromium? Three figures of issue 6.

    python -m benchmarks.studio

A cold page's first 64 images; from a slider's move to its image on the canvas; a morph's
frames. The browser runs on the same cores as the service.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page

from benchmarks.chromium import chromium
from benchmarks.contenders import add_ganloom_arguments, ganloom
from benchmarks.report import Bar, Report, Table, bar_table, report_parser
from benchmarks.server import running

_FIRST_LIMIT_MS = 1500.0
_FOLLOW_LIMIT_MS = 120.0
_FRAMES_A_SECOND = 30.0
_IMAGES = 64

# From the navigation's begin to the frame after the 64th image was painted.
_WATCH_FIRST = f"""
new MutationObserver((_, observer) => {{
  if (document.querySelectorAll(".tile[data-shows]").length < {_IMAGES}) return;
  observer.disconnect();
  const tell = () => (window.firstImages = performance.now());
  requestAnimationFrame(() => requestAnimationFrame(tell));
}}).observe(document, {{ subtree: true, childList: true, attributes: true }});
"""

# A hand moves the slider at every frame; each image that came is held against its move.
_FOLLOW = """async moves => {
  const slider = document.querySelector(".directions input");
  const canvas = document.querySelector("canvas[aria-label='After']");
  const frame = () => new Promise(requestAnimationFrame);
  const waits = [];
  for (let move = 1; move <= moves; move++) {
    const before = canvas.dataset.shows;
    const value = ((move * 7) % 100) / 20 - 2.5;
    slider.value = value;
    const start = performance.now();
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    const shown = `:${Math.round(value * 100) / 100}`;
    while (canvas.dataset.shows === before || (value && !canvas.dataset.shows.includes(shown))) {
      if (performance.now() - start > 5000) break;
      await frame();
    }
    waits.push(performance.now() - start);
  }
  return waits;
}"""

_PLAYED = """async seconds => {
  const output = document.querySelector(".transport output");
  const seen = [];
  const index = () => Number(output.textContent.match(/frame (\\d+)/)[1]);
  const start = performance.now();
  let last = index();
  let drawn = 0;
  let dropped = 0;
  const count = Number(output.textContent.match(/of (\\d+)/)[1]);
  while (performance.now() - start < 1000 * seconds) {
    await new Promise(requestAnimationFrame);
    const now = index();
    const steps = (now - last + count) % count;
    if (steps) {
      drawn++;
      seen.push(performance.now());
    }
    dropped += Math.max(0, steps - 1);
    last = now;
  }
  return { drawn, dropped, seconds: (seen.at(-1) - seen[0]) / 1000 };
}"""


def main() -> None:
    """Measure the three, each in a context of its own, so that no cache is shared."""
    parser = report_parser(__doc__)
    add_ganloom_arguments(parser)
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    arguments = parser.parse_args()
    pages, moves, seconds = (2, 20, 3) if arguments.quick else (10, 200, 12)
    with (
        running(ganloom(arguments.weights, dict(arguments.ganloom))) as server,
        chromium() as browser,
    ):
        url = f"http://127.0.0.1:{server.port}/"
        first = [_time_first_images(browser, url, page) for page in range(pages)]
        waits = _time_slider(browser, url, moves)
        played = _play_morph(browser, url, seconds)
    late = float(np.percentile(waits, 95))
    # From the first change that was seen to the last; a screen's clock jitters by hundredths.
    rate = round((played["drawn"] - 1) / played["seconds"], 1)
    bars = [
        Bar(f"first {_IMAGES} images of a cold page", max(first), _FIRST_LIMIT_MS, False, " ms"),
        Bar(f"slider to image, p95 of {moves}", late, _FOLLOW_LIMIT_MS, False, " ms"),
        Bar("morph, frames a second", rate, _FRAMES_A_SECOND, True),
        Bar("morph, frames dropped", played["dropped"], 0, False),
    ]
    rows = [
        (name, f"{np.percentile(values, 50):.0f}", f"{max(values):.0f}")
        for name, values in (("first images", first), ("slider", waits))
    ]
    table = Table("Milliseconds", ("what", "median", "most"), rows)
    figures = {"first_images_ms": first, "slider_ms": waits, "morph": played}
    Report("The studio in Chromium", [table, bar_table(bars)], figures).publish(arguments)


def _open(browser: Browser, url: str) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.add_init_script(_WATCH_FIRST)
    page.goto(url)
    return page


def _time_first_images(browser: Browser, url: str, number: int) -> float:
    """Open a wall of seeds that no one has asked for yet; cold in browser and service."""
    page = _open(browser, f"{url}#wall?from={1000 * (number + 1)}")
    milliseconds = page.wait_for_function("() => window.firstImages").json_value()
    page.context.close()
    return float(milliseconds)


def _time_slider(browser: Browser, url: str, moves: int) -> list[float]:
    page = _open(browser, f"{url}#shape?face=35")
    page.locator(".directions input").first.wait_for()
    page.wait_for_load_state("networkidle")
    waits: list[float] = page.evaluate(_FOLLOW, moves)
    page.context.close()
    return waits


def _play_morph(browser: Browser, url: str, seconds: int) -> dict[str, Any]:
    page = _open(browser, f"{url}#morph?keys=3,21,35,9&seconds=4")
    page.get_by_role("button", name="Pause").wait_for()
    page.wait_for_timeout(1000)  # a film that has just been decoded
    played: dict[str, Any] = page.evaluate(_PLAYED, seconds)
    page.context.close()
    return played


if __name__ == "__main__":
    main()

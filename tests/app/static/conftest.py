"""The studio in a real Chromium, before a real server. Skipped where there is no browser."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    sync_playwright,
)

from tests.app.server_process import Server

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_LIMIT_MS = 20_000


@dataclass
class Complaints:
    """What went wrong in a page: everything must be foreseen by the test, or nothing may happen."""

    found: list[str] = field(default_factory=list)
    foreseen: list[str] = field(default_factory=list)

    def foresee(self, pattern: str) -> None:
        self.foreseen.append(pattern)

    def unforeseen(self) -> list[str]:
        return [
            text
            for text in self.found
            if not any(re.search(pattern, text) for pattern in self.foreseen)
        ]

    def hear(self, message: ConsoleMessage) -> None:
        place = message.location.get("url", "")
        # The tests themselves read canvases back more often than a browser likes.
        is_ours = "willReadFrequently" in message.text and "/static/" not in place
        if message.type in ("error", "warning") and not is_ours:
            self.found.append(f"console: {message.text} {place}")


@dataclass
class Studio:
    """One page, where it was opened, and what it complained about."""

    page: Page
    url: str
    complaints: Complaints
    asked: list[str]

    def open(self, state: str = "") -> Page:
        self.page.goto(f"{self.url}/{state}")
        self.page.locator("main > *").first.wait_for()
        return self.page


StudioFactory = Callable[..., Studio]


@pytest.fixture(scope="session")
def chromium_path() -> str:
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    return found


# Not for the whole session: while it lives, its event loop runs in this thread, and no other can.
@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def studio_server(weights: Path, chromium_path: str) -> Iterator[Server]:
    assert chromium_path  # no server is started for tests that will be skipped
    server = Server(weights, GANLOOM_PRECISION="float32", GANLOOM_LANES="1")
    yield server
    assert server.stop() == 0
    assert "Traceback" not in server.log


@pytest.fixture
def open_studio(browser: Browser) -> Iterator[StudioFactory]:
    """Return a factory of pages; none of them may end with a complaint that was not foreseen."""
    contexts: list[BrowserContext] = []
    studios: list[Studio] = []

    def make(url: str, **options: object) -> Studio:
        context = browser.new_context(**options)  # type: ignore[arg-type]  # Playwright's own words
        context.set_default_timeout(_LIMIT_MS)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
        contexts.append(context)
        studio = Studio(context.new_page(), url, Complaints(), [])
        _listen(studio)
        studios.append(studio)
        return studio

    yield make
    for context in contexts:
        context.close()
    for studio in studios:
        assert studio.complaints.unforeseen() == []


@pytest.fixture
def studio(open_studio: StudioFactory, studio_server: Server) -> Studio:
    """A page at the size of a laptop."""
    return open_studio(studio_server.url, viewport={"width": 1280, "height": 800})


def _listen(studio: Studio) -> None:
    page, found = studio.page, studio.complaints.found
    page.on("console", studio.complaints.hear)
    page.on("pageerror", lambda error: found.append(f"error: {error}"))
    page.on("request", lambda request: studio.asked.append(request.url.removeprefix(studio.url)))

    def hear_answer(answer: Response) -> None:
        if answer.status >= 400:
            found.append(f"{answer.status}: {answer.url}")

    def hear_failure(request: Request) -> None:
        # What the page itself gave up, because a newer wish replaced it, is no failure.
        if request.failure != "net::ERR_ABORTED":
            found.append(f"failed: {request.failure} {request.url}")

    page.on("requestfailed", hear_failure)

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
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.app.server_process import Server

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# So long may what will happen take, however busy the machine: only a failing test waits for it.
_LIMIT_MS = 60_000
LAPTOP: ViewportSize = {"width": 1280, "height": 800}


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
    """One page, where it was opened, what it complained about, and what it asked for."""

    page: Page
    url: str
    complaints: Complaints = field(default_factory=Complaints)
    asked: list[str] = field(default_factory=list)

    def open(self, state: str = "") -> Page:
        """Load the page anew, at this state."""
        self.page.goto("about:blank")  # or another state would not be another page
        self.page.goto(f"{self.url}/{state}")
        self.page.locator("main[class^=view-]").wait_for()
        return self.page

    def listen(self) -> None:
        for event, hear in self._ears().items():
            self.page.on(event, hear)  # type: ignore[call-overload]  # one name for all events

    def ignore(self) -> None:
        for event, hear in self._ears().items():
            self.page.remove_listener(event, hear)

    def _ears(self) -> dict[str, Callable[..., None]]:
        return {
            "console": self.complaints.hear,
            "pageerror": self._hear_error,
            "request": self._hear_request,
            "response": self._hear_answer,
            "requestfailed": self._hear_failure,
        }

    def _hear_error(self, error: object) -> None:
        self.complaints.found.append(f"error: {error}")

    def _hear_request(self, request: Request) -> None:
        self.asked.append(request.url.removeprefix(self.url))

    def _hear_answer(self, answer: Response) -> None:
        if answer.status >= 400:
            self.complaints.found.append(f"{answer.status}: {answer.url}")

    def _hear_failure(self, request: Request) -> None:
        # What the page itself gave up, because a newer wish replaced it, is no failure.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.found.append(f"failed: {request.failure} {request.url}")


StudioFactory = Callable[..., Studio]


@pytest.fixture(scope="session")
def chromium_path() -> str:
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    return found


# For these tests only: while it lives, its event loop runs in this thread, and no other can.
@pytest.fixture(scope="package")
def browser(chromium_path: str) -> Iterator[Browser]:
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    expect.set_options(timeout=_LIMIT_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def studio_server(weights: Path, chromium_path: str) -> Iterator[Server]:
    assert chromium_path  # no server is started for tests that will be skipped
    # Room for the film that an earlier test has left on its way: its frames fill the queue, and
    # on a busy machine the next page would be refused. Refusals are the matter of test_recovery.py.
    room = "4096"
    server = Server(
        weights, GANLOOM_PRECISION="float32", GANLOOM_LANES="1", GANLOOM_QUEUE_CAPACITY=room
    )
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
        contexts.append(context)
        studio = Studio(context.new_page(), url)
        studio.listen()
        studios.append(studio)
        return studio

    yield make
    for context in contexts:
        context.close()
    for studio in studios:
        assert studio.complaints.unforeseen() == []


@pytest.fixture(scope="package")
def shared_page(browser: Browser, studio_server: Server) -> Iterator[Page]:
    """The page that most tests open the studio in, one after the other."""
    context = browser.new_context(viewport=LAPTOP)
    context.set_default_timeout(_LIMIT_MS)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=studio_server.url)
    yield context.new_page()
    context.close()


@pytest.fixture
def studio(shared_page: Page, studio_server: Server) -> Iterator[Studio]:
    """The studio at the size of a laptop, as one who has never been there meets it."""
    studio = Studio(shared_page, studio_server.url)
    studio.listen()
    yield studio
    if shared_page.url.startswith(studio.url):
        shared_page.evaluate("localStorage.clear()")
    shared_page.goto("about:blank")
    studio.ignore()
    shared_page.unroute_all()
    shared_page.emulate_media(color_scheme="null", reduced_motion="null")
    shared_page.set_viewport_size(LAPTOP)
    assert studio.complaints.unforeseen() == []

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Route, expect

from tests.app.server_process import Server
from tests.app.static.announcements import Announcements
from tests.app.static.conftest import Studio, StudioFactory

pytestmark = pytest.mark.browser

SHOWN = ".tile[data-shows]"


@pytest.fixture
def one_model(weights: Path, tmp_path: Path) -> Path:
    """A folder of a single checkpoint, which is served sooner than three."""
    folder = tmp_path / "weights"
    folder.mkdir()
    shutil.copy(weights / "faces.safetensors", folder)
    return folder


@pytest.fixture
def servers(one_model: Path, browser: Browser) -> Iterator[list[Server]]:
    """Servers of one port, one after the other."""
    assert browser.is_connected()
    started = [Server(one_model, GANLOOM_PRECISION="float32", GANLOOM_LANES="1")]
    yield started
    for server in started:
        server.process.kill()
        server.process.wait()
        # Its idle processes hold the pipe until they next get to run and see that it is gone.
        assert server.process.stderr is not None
        server.process.stderr.close()


@pytest.mark.timeout(300)  # it starts a service twice
def test_pages_say_that_the_service_is_gone_and_go_on_once_it_is_back(
    servers: list[Server], one_model: Path, open_studio: StudioFactory, tmp_path: Path
) -> None:
    url = servers[0].url
    photo = tmp_path / "face.png"
    photo.write_bytes(httpx.get(f"{url}/images/5.png").content)
    wall = open_studio(url, viewport={"width": 800, "height": 500})
    search = open_studio(url, viewport={"width": 800, "height": 500})
    for studio in (wall, search):
        studio.complaints.foresee("ERR_|Failed to load resource|404|503")
    page, other = wall.open("#wall?size=128"), search.open("#picture?steps=2000")
    other.locator("input[type=file]").set_input_files(photo)
    expect(other.get_by_text("Searching")).to_be_visible()
    page.locator(f"{SHOWN}[data-seed='20']").wait_for()

    told = Announcements(page.locator("#notice"))
    servers[0].process.kill()
    servers[0].process.wait()  # its idle processes may take longer to see that it is gone
    page.get_by_label("From seed").fill("9000")
    page.keyboard.press("Enter")
    told.wait_for("does not answer")
    expect(page.locator(SHOWN)).to_have_count(0)

    port = int(url.rsplit(":", 1)[1])
    servers.append(Server(one_model, port, GANLOOM_PRECISION="float32", GANLOOM_LANES="1"))
    page.locator(f"{SHOWN}[data-seed='9000']").wait_for()
    told.wait_for("The service is back.")
    expect(other.get_by_text("has forgotten the search")).to_be_visible(timeout=20_000)


def test_a_full_queue_is_waited_out_calmly(studio: Studio) -> None:
    studio.complaints.foresee("429")
    is_full = True

    def refuse(route: Route) -> None:
        if is_full:
            route.fulfill(status=429, headers={"Retry-After": "1"}, body="{}")
        else:
            route.continue_()

    studio.page.route("**/images/*", refuse)
    page = studio.open()
    expect(page.locator("#notice")).to_contain_text("the queue is full. Trying again in 1 s.")
    is_full = False
    page.locator(f"{SHOWN}[data-seed='0']").wait_for()
    expect(page.locator("#notice")).to_be_hidden()
    assert page.locator(".tile.failed").count() == 0


def test_slow_answers_are_told_and_waited_for(studio: Studio) -> None:
    held: list[Route] = []
    studio.page.route("**/models", lambda route: held.append(route))
    with studio.page.expect_request("**/models"):
        studio.page.goto(studio.url)
    expect(studio.page.get_by_text("Asking what is served")).to_be_visible()
    expect(studio.page.locator("#notice")).to_contain_text("Answers are slow")
    for route in held:
        route.continue_()
    studio.page.locator(f"{SHOWN}[data-seed='0']").wait_for()
    expect(studio.page.locator("#notice")).to_be_hidden()


def test_slow_answers_are_told_again_after_one_that_was_lost(studio: Studio) -> None:
    studio.complaints.foresee("favicon")
    studio.page.goto(f"{studio.url}/livez")  # the modules alone, without the page
    told = studio.page.evaluate("""async () => {
      const { tellTo } = await import("/static/studio/connection.js");
      const { ask } = await import("/static/studio/api.js");
      const told = [];
      let release;
      tellTo((kind) => {
        told.push(kind);
        if (kind === "slow") release();
      });
      const held = () => new Promise((resolve) => (release = resolve));
      let isLost = true;
      window.fetch = async (path) => {
        if (path === "readyz") return { ok: true };
        await held();
        if (!isLost) return { ok: true };
        isLost = false;
        throw new TypeError("lost");
      };
      await ask("models");
      return told;
    }""")
    assert told == ["slow", "fine", "lost", "back", "slow", "fine"]


def test_an_edit_that_the_model_does_not_know_is_told_in_words(studio: Studio) -> None:
    studio.complaints.foresee("422")
    page = studio.open("#shape?face=1&edits=horns:2")
    expect(page.get_by_text("there is no direction 'horns'")).to_be_visible()


def test_a_state_of_nonsense_opens_the_wall(studio: Studio) -> None:
    page = studio.open("#nowhere?model=nobody&psi=x&seed=-1&from=1e9&keys=a,b&edits=%00&z=1,,2")
    page.locator(f"{SHOWN}[data-seed='0']").wait_for()


def test_a_service_that_fails_at_the_start_is_asked_again_on_request(studio: Studio) -> None:
    studio.complaints.foresee("500")
    studio.page.route("**/models", lambda route: route.fulfill(status=500, body="{}"))
    studio.page.goto(studio.url)
    expect(studio.page.get_by_role("alert")).to_contain_text("The service answered 500.")
    expect(studio.page.get_by_role("button", name="Copy")).to_be_hidden()  # there is no call yet
    studio.page.unroute("**/models")
    studio.page.get_by_role("button", name="Try again").click()
    studio.page.locator(f"{SHOWN}[data-seed='0']").wait_for()


def test_a_device_that_is_offline_is_told_so_and_goes_on_when_it_is_back(studio: Studio) -> None:
    studio.complaints.foresee("ERR_INTERNET_DISCONNECTED")
    page = studio.open()
    page.locator(f"{SHOWN}[data-seed='0']").wait_for()
    told = Announcements(page.locator("#notice"))
    page.context.set_offline(True)
    page.get_by_label("From seed").fill("777000")
    page.keyboard.press("Enter")
    told.wait_for("This device is offline.")
    page.context.set_offline(False)
    page.locator(f"{SHOWN}[data-seed='777000']").wait_for()
    told.wait_for("The service is back.")


def test_old_pictures_are_forgotten_once_many_pixels_are_kept(studio: Studio) -> None:
    studio.complaints.foresee("favicon")
    studio.page.goto(f"{studio.url}/livez")  # the modules alone, without the page
    asked = studio.page.evaluate("""async () => {
      const { load } = await import("/static/studio/pictures.js");
      const side = 2048; // eight fill what is kept
      const canvas = new OffscreenCanvas(side, side);
      canvas.getContext("2d").fillRect(0, 0, side, side);
      const blob = await canvas.convertToBlob();
      const asked = [];
      window.fetch = async (path) => (asked.push(path), new Response(blob));
      for (const name of [..."abcdefghaiba"]) await load(name);
      return asked;
    }""")
    assert asked == list("abcdefghia")

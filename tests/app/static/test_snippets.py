"""What a person copies from under a view is run, and gives what the view shows."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.app.static.announcements import Announcements
from tests.app.static.canvases import Pixels, canvas_pixels, file_pixels
from tests.app.static.conftest import Studio

pytestmark = pytest.mark.browser

Z = ",".join(["0.5"] * 8)
# A state, the file that its call makes, and the canvas that shows the same.
IMAGES = {
    "inspector": ("#wall?seed=3&psi=0.5", "faces-3.png", ".inspector > canvas"),
    "best": ("#wall?seed=3&best=4", "faces-3.png", ".inspector > canvas"),
    "shape": ("#shape?face=6&edits=sefa-1:2", "shaped.png", "canvas[aria-label=After]"),
    "arithmetic": ("#arithmetic?a=1,2&b=3&c=4", "sum.png", ".result canvas"),
    "picture": (
        f"#picture?z={Z}&edits=pca-1:-1",
        "found.png",
        ".pair figure:nth-of-type(2) canvas",
    ),
    "class": ("#wall?model=pets&label=dog&seed=2", "pets-2.png", ".inspector > canvas"),
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rounding_of(shown: Pixels) -> int:
    """A canvas keeps colours multiplied by their alpha: where one is half seen, a level is lost."""
    return 0 if np.all(shown[..., 3] == 255) else 2


def copy_call(studio: Studio, language: str) -> str:
    """Press the buttons that a person presses, and return what is on the clipboard."""
    page = studio.page
    page.get_by_role("button", name=language, exact=True).click()
    copy = page.locator("#call .copy")
    told = Announcements(copy)
    copy.click()
    told.wait_for("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#call code").inner_text()
    return str(copied)


def run_curl(studio: Studio) -> str:
    command = copy_call(studio, "curl")
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_python(studio: Studio) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(copy_call(studio, "Python"), "copied", "exec"), {})
    return printed.getvalue()


def run_javascript(studio: Studio, result: str, given: str = "") -> Any:
    """Run the copied lines in the page: they ask the server that they name."""
    lines = copy_call(studio, "JavaScript")
    return studio.page.evaluate(f"(async () => {{ {given}\n{lines}\nreturn {result}; }})()")


def test_the_call_that_made_a_find_is_offered_beside_that_of_its_image(studio: Studio) -> None:
    page = studio.open(f"#picture?z={Z}&task=denoise&steps=50")
    which = page.get_by_role("group", name="Which call")
    expect(page.locator("#call code")).to_contain_text("/generate")
    which.get_by_role("button", name="The search").focus()
    page.keyboard.press("Enter")
    expect(which.get_by_role("button", name="The search")).to_be_focused()
    sought = copy_call(studio, "curl")
    page.wait_for_url(re.compile("call=search"))
    page.reload()
    expect(page.locator("#call code")).to_have_text(sought)
    which.get_by_role("button", name="What was found").click()
    expect(page.locator("#call code")).to_contain_text("/generate")
    studio.open("#picture?task=denoise&steps=50")
    expect(which).to_be_hidden()
    assert copy_call(studio, "curl") == sought


@pytest.mark.parametrize("view", IMAGES)
def test_each_copied_call_makes_the_image_that_is_shown(
    studio: Studio, desk: Path, view: str
) -> None:
    state, name, where = IMAGES[view]
    page = studio.open(state)
    canvas = page.locator(where)
    page.locator(f"{where}[data-shows]").wait_for()
    shown = canvas_pixels(canvas)
    run_curl(studio)
    by_curl = (desk / name).read_bytes()
    assert np.max(np.abs(file_pixels(by_curl).astype(int) - shown)) <= rounding_of(shown)
    (desk / name).unlink()
    run_python(studio)
    assert (desk / name).read_bytes() == by_curl
    by_javascript = run_javascript(studio, "[...new Uint8Array(await image.arrayBuffer())]")
    assert bytes(by_javascript) == by_curl


def test_the_copied_calls_of_the_wall_make_its_sheet(studio: Studio, desk: Path) -> None:
    studio.open("#wall?from=5&psi=0.5")
    run_curl(studio)
    by_curl = (desk / "faces.png").read_bytes()
    run_python(studio)
    assert (desk / "faces.png").read_bytes() == by_curl
    body = {"seeds": list(range(5, 65)), "truncation": 0.5, "layout": "grid"}
    expected = httpx.post(f"{studio.url}/generate", json=body).content
    assert np.array_equal(file_pixels(by_curl), file_pixels(expected))


def test_the_copied_calls_of_a_morph_make_its_film(studio: Studio, desk: Path) -> None:
    page = studio.open("#morph?keys=4,5&seconds=1")
    page.locator(".stage > canvas[data-shows]").wait_for()
    run_curl(studio)
    by_curl = (desk / "morph.gif").read_bytes()
    with Image.open(io.BytesIO(by_curl)) as film:
        assert getattr(film, "n_frames", 1) == 30
    run_python(studio)
    assert (desk / "morph.gif").read_bytes() == by_curl


def test_the_copied_calls_of_a_search_begin_it(studio: Studio, desk: Path) -> None:
    studio.open("#picture?task=super-resolve&factor=2&steps=50")
    face = httpx.get(f"{studio.url}/images/3.png").content
    (desk / "picture.png").write_bytes(face)
    given = f"const file = new File([new Uint8Array({list(face)})], 'x', {{ type: 'image/png' }});"
    jobs = [
        json.loads(run_curl(studio)),
        # What `print` writes of a dict is Python's own way to write it.
        eval(run_python(studio), {}),
        run_javascript(studio, "told", given),
    ]
    for job in jobs:
        assert (job["task"], job["model"]) == ("super-resolve", "faces")
        assert httpx.delete(f"{studio.url}/jobs/{job['id']}").is_success


def test_the_copied_calls_of_the_models_describe_one(studio: Studio, desk: Path) -> None:
    assert desk.is_dir()
    studio.open("#models?model=pets")
    expected = httpx.get(f"{studio.url}/models/pets").json()
    assert json.loads(run_curl(studio)) == expected
    assert run_javascript(studio, "told") == expected

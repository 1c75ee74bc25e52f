"""The JavaScript of docs/clients.md, run as it stands in a page of the service."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.app.server_process import ROOT
from tests.app.static.conftest import Studio

pytestmark = pytest.mark.browser

PAGE = (ROOT / "docs" / "clients.md").read_text("utf-8")
PROGRAMS = re.findall(r"^```js\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)

# An image as a person would see it.
_DRAW = """
const draw = (image) => {
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  return [image.width, image.height, [...data]];
};
"""
_FOUND = """
const bytes = new Uint8Array(await found.arrayBuffer());
return [draw(await createImageBitmap(found)), btoa(String.fromCharCode(...bytes)), job];
"""


def run(studio: Studio, program: str, end: str) -> Any:
    """Run a program in a page of the service, to whose address the page's is brought."""
    studio.open()
    code = program.replace("http://127.0.0.1:8000", studio.url)
    return studio.page.evaluate(f"async () => {{\n{_DRAW}\n{code}\n{end}\n}}")


def decode(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGBA"))


def as_pixels(drawn: tuple[int, int, list[int]]) -> np.ndarray:
    width, height, samples = drawn
    return np.array(samples, np.uint8).reshape(height, width, 4)


def test_the_page_has_the_programs_that_are_run_here() -> None:
    assert len(PROGRAMS) == 2


def test_an_image_is_the_pixels_of_the_service(studio: Studio) -> None:
    drawn = as_pixels(run(studio, PROGRAMS[0], "return draw(image);"))
    assert np.array_equal(drawn, decode(httpx.get(f"{studio.url}/images/7.png").content))


def test_a_refusal_throws_what_the_service_says(studio: Studio) -> None:
    studio.complaints.foresee("422")
    wrong = PROGRAMS[0].replace("seed: 7", "seed: -7")
    assert wrong != PROGRAMS[0]
    with pytest.raises(Exception, match="greater than or equal to 0"):
        run(studio, wrong, "")


def test_a_search_ends_with_the_image_of_its_latent(studio: Studio) -> None:
    drawn, png, job = run(studio, PROGRAMS[1], _FOUND)
    assert (job["state"], job["progress"]) == ("done", 1)
    body = {"latents": job["result"]["latents"]}
    assert base64.b64decode(png) == httpx.post(f"{studio.url}/generate", json=body).content
    assert np.array_equal(as_pixels(drawn), decode(base64.b64decode(png)))

"""What is on a canvas, and what the service sends, as pixels."""

from __future__ import annotations

import base64
import io
import urllib.parse
from typing import Any

import httpx
import numpy as np
from PIL import Image
from playwright.sync_api import Locator

Pixels = np.ndarray[Any, np.dtype[np.uint8]]

_READ = """canvas => {
  const { width, height } = canvas;
  const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  let text = "";
  for (const byte of data) text += String.fromCharCode(byte);
  return { width, height, data: btoa(text) };
}"""


def canvas_pixels(canvas: Locator) -> Pixels:
    """Read (height, width, RGBA) off a canvas."""
    told = canvas.evaluate(_READ)
    flat = np.frombuffer(base64.b64decode(told["data"]), np.uint8)
    return flat.reshape(told["height"], told["width"], 4)


def file_pixels(content: bytes) -> Pixels:
    """Decode an image file to (height, width, RGBA)."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))


def sent_pixels(url: str, path: str) -> Pixels:
    """Ask the service for an image, and decode it."""
    answer = httpx.get(urllib.parse.urljoin(f"{url}/", path))
    assert answer.status_code == 200, answer.text
    return file_pixels(answer.content)

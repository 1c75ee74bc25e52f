from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from model.png import encode_png


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_a_png_gives_back_the_very_pixels_even_of_a_view(channels: int, mode: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (10, 14, channels), np.uint8)[::2, 1:]
    image = Image.open(io.BytesIO(encode_png(pixels)))
    assert (image.format, image.mode, image.size) == ("PNG", mode, (13, 5))
    assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)

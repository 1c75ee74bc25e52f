"""Claims on files that carry a claim: any decoder finds it, and the very pixels."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from app.claim_embedding import claim_in_xmp, embed_claim
from app.image_encoding import ImageFormat, encode_image
from app.picture_decoding import decode_picture

CLAIM = '{"digest":"00","seeds":[7],"note":"<\'&\\u00e9>"}'


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("image_format", list(ImageFormat))
def test_a_file_keeps_its_pixels_and_gives_its_claim_back(
    image_format: ImageFormat, channels: int
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 24, channels), np.uint8)
    plain = encode_image(pixels, image_format)
    carrying = embed_claim(plain, image_format, CLAIM)
    before, after = (Image.open(io.BytesIO(file)) for file in (plain, carrying))
    assert (before.size, before.mode) == (after.size, after.mode)
    assert np.array_equal(np.asarray(before), np.asarray(after))
    picture = decode_picture(carrying, 16 * 24)
    assert (picture.claim, picture.image_format) == (CLAIM, image_format)
    assert decode_picture(plain, 16 * 24).claim is None


def test_a_jpeg_goes_without_a_claim_that_does_not_fit() -> None:
    plain = encode_image(np.zeros((8, 8, 3), np.uint8), ImageFormat.JPEG)
    assert embed_claim(plain, ImageFormat.JPEG, "x" * 2**16) == plain


@pytest.mark.parametrize("xmp", [b"", b"\xff\xfe", b'ganloom:claim="', b'ganloom:claim="<a>"'])
def test_other_metadata_is_no_claim(xmp: bytes) -> None:
    assert claim_in_xmp(xmp) is None

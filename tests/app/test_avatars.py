"""Claims on avatars: whose they are, and what is drawn."""

from __future__ import annotations

import hashlib
import io
import unicodedata

import numpy as np
import pytest
from PIL import Image

from app.avatars import AvatarStyle, draw_avatar, seed_of
from app.image_encoding import ImageFormat, Pixels
from model.latents import MAX_SEED

STRINGS = ["Felix", "felix", "a@b.example", "", "日本", "👩‍🚀", "x" * 10_000, "\ud800", "a/b"]


def draw(pixels: Pixels, style: AvatarStyle) -> Image.Image:
    return Image.open(io.BytesIO(draw_avatar(pixels, style, ImageFormat.PNG)))


def noise(*shape: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def test_strings_have_seeds_of_their_own_and_keys_change_them_all() -> None:
    seeds = {(text, key): seed_of(text, key) for text in STRINGS for key in (b"", b"a", b"b" * 64)}
    assert len(set(seeds.values())) == len(seeds)
    assert all(0 <= seed <= MAX_SEED for seed in seeds.values())


def test_a_seed_is_the_keyed_blake2b_of_the_string() -> None:
    digest = hashlib.blake2b(
        "Zoë".encode(), digest_size=8, key=b"secret", person=b"ganloom-avatar"
    ).digest()
    assert seed_of("Zoë", b"secret") == int.from_bytes(digest, "big") % 2**53


def test_two_ways_to_write_one_character_are_one_string() -> None:
    composed, decomposed = (unicodedata.normalize(form, "José") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert seed_of(composed, b"k") == seed_of(decomposed, b"k")


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("shape", [(16, 16), (32, 24), (24, 32)])
@pytest.mark.parametrize("image_format", list(ImageFormat))
def test_every_generators_pixels_make_a_square(
    channels: int, shape: tuple[int, int], image_format: ImageFormat
) -> None:
    style = AvatarStyle(size=48, radius=25, is_flipped=True, background=(1, 2, 3))
    image = Image.open(io.BytesIO(draw_avatar(noise(*shape, channels), style, image_format)))
    assert image.size == (48, 48)


def test_an_avatar_of_the_models_own_size_is_the_very_image() -> None:
    pixels = noise(16, 16, 3)
    assert np.array_equal(np.asarray(draw(pixels, AvatarStyle(16))), pixels)
    flipped = np.asarray(draw(pixels, AvatarStyle(16, is_flipped=True)))
    assert np.array_equal(flipped, pixels[:, ::-1])


def test_the_middle_of_an_oblong_image_is_shown() -> None:
    pixels = noise(32, 24, 3)
    assert np.array_equal(np.asarray(draw(pixels, AvatarStyle(24))), pixels[4:28])


def test_nearest_repeats_pixels() -> None:
    pixels = noise(16, 16, 3)
    shown = np.asarray(draw(pixels, AvatarStyle(64, resampling="nearest")))
    assert np.array_equal(shown, pixels.repeat(4, axis=0).repeat(4, axis=1))


def test_no_transparent_black_darkens_the_edge_beside_it() -> None:
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[:, :8] = (200, 40, 10, 255)  # beside it black, but transparent
    shown = np.asarray(draw(pixels, AvatarStyle(64)))
    visible = shown[shown[..., 3] > 64]  # below it the premultiplied colours are coarse
    assert (visible[:, :3] >= (198, 38, 8)).all()


def test_a_radius_of_half_the_side_is_a_circle() -> None:
    shown = np.asarray(draw(np.full((64, 64, 3), 9, np.uint8), AvatarStyle(64, radius=50)))
    assert shown[0, 0, 3] == 0
    assert shown[32, 32, 3] == 255
    assert shown[..., 3].sum() / 255 == pytest.approx(np.pi * 32**2, rel=0.002)


def test_a_background_lies_behind_what_is_transparent() -> None:
    pixels = np.full((32, 32, 3), 9, np.uint8)
    style = AvatarStyle(32, radius=50, background=(10, 20, 30))
    shown = draw(pixels, style)
    assert shown.mode == "RGB"
    assert np.asarray(shown)[0, 0].tolist() == [10, 20, 30]
    assert np.asarray(shown)[16, 16].tolist() == [9, 9, 9]

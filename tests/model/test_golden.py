"""Claims on telling right pixels from wrong ones."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from model.golden import GOLDEN_SEEDS, Golden, pixel_hashes
from model.spec import GeneratorSpec

PATH = "cpu-avx2-float32-torch2.0"


@pytest.fixture
def golden() -> Golden:
    rng = np.random.default_rng(5)
    pixels = rng.integers(10, 246, (4, 16, 16, 3), dtype=np.uint8)
    return Golden(pixels, {PATH: pixel_hashes(pixels)})


def moved(golden: Golden, levels: int) -> np.ndarray:
    pixels = golden.pixels.copy()
    pixels[3, 15, 15, 2] = int(pixels[3, 15, 15, 2]) + levels
    return pixels


def test_a_hash_is_the_sha256_of_an_images_bytes_in_row_order() -> None:
    pixels = np.arange(2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 1, 3)
    assert pixel_hashes(pixels) == (
        hashlib.sha256(bytes(range(6))).hexdigest(),
        hashlib.sha256(bytes(range(6, 12))).hexdigest(),
    )


@pytest.mark.parametrize("path", [PATH, "cuda-some-other-device"])
def test_equal_bytes_are_exact_on_any_numeric_path(golden: Golden, path: str) -> None:
    assert golden.judge(golden.pixels.copy(), path) == "exact"


@pytest.mark.parametrize("path", [PATH, "cuda-some-other-device"])
@pytest.mark.parametrize(
    ("levels", "verdict"), [(1, "close"), (2, "close"), (-2, "close"), (3, "wrong"), (-3, "wrong")]
)
def test_one_pixel_may_be_two_levels_off_and_no_more(
    golden: Golden, path: str, levels: int, verdict: str
) -> None:
    assert golden.judge(moved(golden, levels), path) == verdict


def test_a_difference_does_not_wrap_around() -> None:
    zero = np.zeros((4, 16, 16, 1), np.uint8)
    assert Golden(zero).judge(zero + 255, PATH) == "wrong"
    assert Golden(zero + 255).judge(zero, PATH) == "wrong"


def test_another_shape_is_wrong(golden: Golden) -> None:
    assert golden.judge(golden.pixels[:, :8], PATH) == "wrong"
    assert golden.judge(golden.pixels[:1], PATH) == "wrong"


def test_unknown_golden_pixels_have_the_shape_of_the_spec_and_no_hash() -> None:
    golden = Golden.unknown(GeneratorSpec("dcgan", 32, 2))
    assert golden.pixels.shape == (len(GOLDEN_SEEDS), 32, 32, 2)
    assert golden.pixels.dtype == np.uint8
    assert not golden.pixels.any()
    assert not golden.hashes

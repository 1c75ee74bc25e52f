"""Claims on the sliced Wasserstein distance and its patches."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
import torch
from scipy.stats import wasserstein_distance

from model.training.metrics import sliced_wasserstein
from model.training.metrics.confidence import GROUPS
from model.training.metrics.sliced_wasserstein import (
    laplacian_level,
    measure_sliced_wasserstein,
    random_directions,
    sample_patches,
    slice_distances,
)


def draw_pixels(seed: int, count: int, side: int = 16, channels: int = 1) -> np.ndarray:
    """Return smooth images of random phase."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(count, side, side, channels))
    smooth = scipy.ndimage.gaussian_filter(noise, (0, 1.5, 1.5, 0), mode="wrap")
    pixels: np.ndarray = np.clip(128 + 200 * smooth, 0, 255).astype(np.uint8)
    return pixels


def test_directions_are_unit_vectors_in_all_directions() -> None:
    directions = random_directions(49, seed=1)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=0), 1.0, rtol=1e-5)
    assert np.linalg.matrix_rank(directions) == 49


def test_shifted_points_are_at_the_mean_length_of_the_shift_along_the_slices() -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(size=(100, 5)).astype(np.float32)
    shift = rng.normal(size=5).astype(np.float32)
    directions = random_directions(5, seed=3)
    a, b = points @ directions, rng.permutation(points + shift) @ directions
    distances = slice_distances(a, b, np.arange(100) // 5)
    assert distances[GROUPS] == pytest.approx(np.abs(shift @ directions).mean(), rel=1e-4)


def test_distances_without_a_group_are_scipys_without_its_rows() -> None:
    rng = np.random.default_rng(4)
    a = rng.normal(size=(60, 3)).astype(np.float32)
    b = rng.exponential(size=(60, 3)).astype(np.float32)
    groups = rng.permutation(np.arange(60) % GROUPS)
    found = slice_distances(a, b, groups)
    for group in (0, 7, GROUPS):
        kept = groups != group
        expected = [wasserstein_distance(a[kept, i], b[kept, i]) for i in range(3)]
        assert found[group] == pytest.approx(np.mean(expected), rel=1e-5)


def test_a_pyramid_level_is_the_image_less_its_blur() -> None:
    image = np.random.default_rng(5).normal(size=(32, 32))
    taps = np.array([1, 4, 6, 4, 1]) / 16.0

    def blur(x: np.ndarray) -> np.ndarray:
        down = scipy.ndimage.correlate1d(x, taps, axis=0, mode="mirror")
        both: np.ndarray = scipy.ndimage.correlate1d(down, taps, axis=1, mode="mirror")
        return both

    small = blur(image)[::2, ::2]
    sparse = np.zeros((32, 32))
    sparse[::2, ::2] = small
    images = torch.from_numpy(image).float()[None, None]
    np.testing.assert_allclose(laplacian_level(images, 1)[0, 0], small, atol=1e-5)
    expected = image - 4.0 * blur(sparse)
    np.testing.assert_allclose(laplacian_level(images, 0)[0, 0], expected, atol=1e-5)


def test_patches_are_windows_of_the_image_brought_to_unit_deviation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sliced_wasserstein, "_IMAGES_AT_ONCE", 3)
    pixels = draw_pixels(6, 7, channels=2)
    patches = sample_patches(pixels, 0, seed=1).reshape(7, 64, 2, 7, 7)
    by_channel = patches.transpose(2, 0, 1, 3, 4).reshape(2, -1)
    np.testing.assert_allclose(by_channel.mean(axis=1), 0.0, atol=1e-4)
    np.testing.assert_allclose(by_channel.std(axis=1), 1.0, atol=1e-4)
    for image in range(7):
        windows = np.lib.stride_tricks.sliding_window_view(pixels[image, :, :, 1], (7, 7))
        windows = windows.reshape(-1, 49).astype(float)
        patch = patches[image, 5, 1].reshape(-1)
        # Up to one scale and one origin, one of the windows is the patch.
        correlations = [np.corrcoef(window, patch)[0, 1] for window in windows]
        assert max(correlations) == pytest.approx(1.0, abs=1e-4)


def test_every_scale_down_to_sixteen_pixels_is_measured() -> None:
    a, b = draw_pixels(7, 40, side=64), draw_pixels(8, 40, side=64)
    assert list(measure_sliced_wasserstein(a, b)) == [64, 32, 16]


def test_blurred_images_are_farther_than_other_images() -> None:
    a, b = draw_pixels(9, 120), draw_pixels(10, 120)
    blurred = scipy.ndimage.gaussian_filter(b.astype(float), (0, 2, 2, 0)).astype(np.uint8)
    floor, found = (measure_sliced_wasserstein(a, x)[16] for x in (b, blurred))
    assert found.low > floor.high


def test_images_too_small_or_too_few_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        measure_sliced_wasserstein(draw_pixels(1, 40, side=8), draw_pixels(2, 40, side=8))
    with pytest.raises(ValueError, match="at least 40"):
        measure_sliced_wasserstein(draw_pixels(1, 30), draw_pixels(2, 30))

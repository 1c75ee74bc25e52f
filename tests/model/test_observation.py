from __future__ import annotations

import numpy as np
import pytest
import torch

from model.observation import Observation, psnr_db

CPU = torch.device("cpu")


def images_of(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels / 127.5 - 1).permute(2, 0, 1)[None].float()


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def test_the_error_is_the_mean_square_over_known_places_only() -> None:
    pixels, other = noise(6, 4, 3), noise(6, 4, 3)[::-1].copy()
    known = np.random.default_rng(1).random((6, 4)) < 0.5
    error = Observation(pixels, known).measure(CPU)(images_of(other))
    difference = (pixels.astype(float) - other)[known] / 127.5
    assert error.shape == (1,)
    assert error.item() == pytest.approx((difference**2).mean(), rel=1e-5)


def test_a_reduced_image_is_compared_by_the_means_of_its_boxes() -> None:
    large = noise(8, 12, 1)
    small = large.reshape(4, 2, 6, 2, 1).mean((1, 3))
    seen = small.round().astype(np.uint8)
    error = Observation(seen, np.ones((4, 6), np.bool_), 2).measure(CPU)(images_of(large))
    assert error.item() == pytest.approx((((seen - small) / 127.5) ** 2).mean(), rel=1e-4)


def test_a_mask_that_does_not_fit_or_hides_all_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Observation(noise(4, 4, 3), np.ones((4, 5), np.bool_))
    with pytest.raises(ValueError, match="nothing is known"):
        Observation(noise(4, 4, 3), np.zeros((4, 4), np.bool_))


def test_psnr_is_that_of_levels_and_always_a_number() -> None:
    levels = 12.0
    assert psnr_db((levels / 127.5) ** 2) == pytest.approx(20 * np.log10(255 / levels))
    assert psnr_db(0.0) == 100.0

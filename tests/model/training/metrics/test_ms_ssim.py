"""Claims on MS-SSIM, against its definition written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
import torch

from model.training.metrics.ms_ssim import measure_ms_ssim, ms_ssim

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def draw(seed: int, count: int, side: int = 32, channels: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(count, side, side, channels))
    smooth = scipy.ndimage.gaussian_filter(noise, (0, 2, 2, 0))
    pixels: np.ndarray = np.clip(128 + 400 * smooth, 0, 255).astype(np.uint8)
    return pixels


def to_tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float()


def written_out(a: np.ndarray, b: np.ndarray) -> float:
    """Compute MS-SSIM of two gray images by sums over explicit windows."""
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    result = 1.0
    for scale, weight in enumerate(WEIGHTS):
        size = min(11, len(a))
        places = np.arange(size) - (size - 1) / 2
        taps = np.exp(-(places**2) / (2 * (1.5 * size / 11) ** 2))
        window = np.outer(taps, taps) / taps.sum() ** 2
        terms = []
        for top in range(len(a) - size + 1):
            for left in range(len(a) - size + 1):
                p, q = (x[top : top + size, left : left + size] for x in (a, b))
                mean_p, mean_q = (window * p).sum(), (window * q).sum()
                var_p = (window * (p - mean_p) ** 2).sum()
                var_q = (window * (q - mean_q) ** 2).sum()
                both = (window * (p - mean_p) * (q - mean_q)).sum()
                term = (2 * both + c2) / (var_p + var_q + c2)
                if scale == 4:
                    term *= (2 * mean_p * mean_q + c1) / (mean_p**2 + mean_q**2 + c1)
                terms.append(term)
        result *= max(float(np.mean(terms)), 0.0) ** weight
        a, b = (x.reshape(len(x) // 2, 2, len(x) // 2, 2).mean(axis=(1, 3)) for x in (a, b))
    return result


def test_it_is_its_definition_written_out() -> None:
    a = draw(1, 2)
    b = np.clip(a.astype(float) + draw(2, 2) * 0.4 - 40, 0, 255).astype(np.uint8)
    found = ms_ssim(to_tensor(a), to_tensor(b))
    expected = [
        written_out(x[..., 0].astype(float), y[..., 0].astype(float))
        for x, y in zip(a, b, strict=True)
    ]
    assert 0.1 < expected[0] < 0.95
    np.testing.assert_allclose(found, expected, rtol=2e-3)


@pytest.mark.parametrize("side", [16, 64])
def test_equal_images_have_a_likeness_of_one(side: int) -> None:
    images = to_tensor(draw(3, 2, side, channels=3))
    np.testing.assert_allclose(ms_ssim(images, images), 1.0, atol=1e-4)


def test_it_is_the_mean_over_channels() -> None:
    a, b = to_tensor(draw(4, 1, channels=3)), to_tensor(draw(5, 1, channels=3))
    a[:, 1], b[:, 1] = a[:, 0], b[:, 0]
    a[:, 2], b[:, 2] = 7.0, 7.0
    expected = (2 * ms_ssim(a[:, :1], b[:, :1]) + 1.0) / 3
    np.testing.assert_allclose(ms_ssim(a, b), expected, rtol=1e-4)


def test_an_image_and_its_negative_are_nothing_alike() -> None:
    image = draw(6, 1)
    assert float(ms_ssim(to_tensor(image), to_tensor(255 - image))) == 0.0


def test_neighbouring_rows_are_compared_and_none_twice() -> None:
    twice = np.repeat(draw(7, 150), 2, axis=0)
    assert measure_ms_ssim(twice).value == pytest.approx(1.0, abs=1e-4)
    shifted = measure_ms_ssim(np.roll(twice, 1, axis=0))
    assert shifted.value < 0.6


def test_repeated_images_are_more_alike_than_varied_ones() -> None:
    rng = np.random.default_rng(8)
    varied, few = draw(9, 300), draw(10, 5)[rng.integers(0, 5, 300)]
    assert measure_ms_ssim(few).low > measure_ms_ssim(varied).high


def test_one_image_has_no_pair() -> None:
    with pytest.raises(ValueError, match="two images"):
        measure_ms_ssim(draw(1, 1))

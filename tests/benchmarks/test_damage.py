from __future__ import annotations

import numpy as np
import pytest

from benchmarks.damage import DAMAGES, Damage, image_psnr


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.task)
def test_a_remedy_and_what_is_shown_have_the_image_s_shape(
    damage: Damage, image: np.ndarray
) -> None:
    observation = damage.observe(image, 3)
    assert damage.remedy(observation).shape == image.shape
    assert damage.show(observation).shape == image.shape


def test_a_mask_hides_a_quarter_and_leaves_nothing_of_it(image: np.ndarray) -> None:
    for number in range(20):
        observation = DAMAGES[0].observe(image, number)
        assert (~observation.known).mean() == 0.25
        assert not observation.pixels[~observation.known].any()
        assert np.array_equal(observation.pixels[observation.known], image[observation.known])


def test_psnr_looks_only_where_it_is_told_to(image: np.ndarray) -> None:
    other, where = image.copy(), np.zeros((64, 64), np.bool_)
    where[:8] = True
    other[8:] = 255 - other[8:]
    assert image_psnr(image, other, where) == 100.0
    assert image_psnr(image, other) < 20

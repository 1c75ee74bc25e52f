"""Claims on the scores as a whole: on real drawn faces, what is worse scores worse."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFilter

from model.training.faces import draw_face
from model.training.metrics.comparison import ImageSet, compare_sets
from model.training.metrics.features import FeatureExtractor, choose_extractor, extract_features
from model.training.metrics.scores import Score

FACES = 200
Alter = Callable[[np.ndarray], np.ndarray]


@pytest.fixture(scope="module")
def extractor() -> FeatureExtractor:
    return choose_extractor("efficientnet-lite0")


@pytest.fixture(scope="module")
def faces(extractor: FeatureExtractor) -> list[ImageSet]:
    """Two disjoint sets of real faces of 32 x 32, and a third one to spoil."""
    pixels = np.stack([np.asarray(draw_face(index, 32)) for index in range(3 * FACES)])
    return [ImageSet(part, extract_features(extractor, part)) for part in np.split(pixels, 3)]


def blur(pixels: np.ndarray) -> np.ndarray:
    blurred = [Image.fromarray(image).filter(ImageFilter.GaussianBlur(1)) for image in pixels]
    return np.stack([np.asarray(image) for image in blurred])


def add_noise(pixels: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, 20, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def repeat_twenty(pixels: np.ndarray) -> np.ndarray:
    rows = np.random.default_rng(2).integers(0, 20, len(pixels))
    return pixels[rows]


def scores_of(alter: Alter, extractor: FeatureExtractor, faces: list[ImageSet]) -> dict[str, Score]:
    reference, other, third = faces
    pixels = alter(third.pixels)
    spoiled = ImageSet(pixels, extract_features(extractor, pixels))
    return {score.name: score for score in compare_sets(extractor, reference, spoiled, other)}


def test_a_third_set_of_real_faces_scores_like_the_second(
    extractor: FeatureExtractor, faces: list[ImageSet]
) -> None:
    scores = scores_of(np.asarray, extractor, faces)
    assert list(scores) == [
        *("frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage"),
        *("sliced_wasserstein_32", "sliced_wasserstein_16", "ms_ssim"),
    ]
    for name, score in scores.items():
        overlap = min(score.generated.high, score.real.high) - max(
            score.generated.low, score.real.low
        )
        assert overlap > 0.0, name
    assert scores["kernel_distance"].generated.low < 0.0 < scores["kernel_distance"].generated.high


@pytest.mark.parametrize(
    ("alter", "worse"),
    [
        (blur, ["frechet_distance", "kernel_distance", "precision", "density", "coverage"]),
        (add_noise, ["frechet_distance", "kernel_distance", "precision", "density", "coverage"]),
        (repeat_twenty, ["frechet_distance", "kernel_distance", "recall", "coverage"]),
    ],
    ids=["blurred", "noisy", "collapsed"],
)
def test_spoiled_faces_score_worse_than_real_ones(
    extractor: FeatureExtractor, faces: list[ImageSet], alter: Alter, worse: list[str]
) -> None:
    scores = scores_of(alter, extractor, faces)
    for name in worse:
        score = scores[name]
        if score.better == "lower":
            assert score.generated.low > score.real.high, name
        else:
            assert score.generated.high < score.real.low, name


def test_collapse_shows_in_the_likeness_of_samples(
    extractor: FeatureExtractor, faces: list[ImageSet]
) -> None:
    score = scores_of(repeat_twenty, extractor, faces)["ms_ssim"]
    assert score.better == "like real"
    assert score.generated.low > score.real.high


def test_blur_and_noise_show_in_the_finest_patches(
    extractor: FeatureExtractor, faces: list[ImageSet]
) -> None:
    for alter in (blur, add_noise):
        score = scores_of(alter, extractor, faces)["sliced_wasserstein_32"]
        assert score.generated.low > score.real.high


def test_only_distances_on_inception_features_are_called_fid_and_kid(
    faces: list[ImageSet],
) -> None:
    named = FeatureExtractor("inception", "inception-x", lambda pixels: pixels.float())
    small = [
        ImageSet(part.pixels[:40], part.features[:40, :8], np.arange(40) % 2) for part in faces
    ]
    names = [score.name for score in compare_sets(named, *small)]
    assert names[:2] == ["fid", "kid"]
    assert names[-1] == "ms_ssim_within_class"

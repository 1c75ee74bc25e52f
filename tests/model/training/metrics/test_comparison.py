"""Claims on the scores as a whole: on real drawn faces, what is worse scores worse."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from model.training.faces import draw_face
from model.training.metrics.comparison import ImageSet, compare_sets
from model.training.metrics.features import FeatureExtractor, choose_extractor, extract_features
from model.training.metrics.scores import Score

FACES = 100
Scores = dict[str, Score]


def blur(pixels: np.ndarray) -> np.ndarray:
    blurred = [Image.fromarray(image).filter(ImageFilter.GaussianBlur(1)) for image in pixels]
    return np.stack([np.asarray(image) for image in blurred])


def add_noise(pixels: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, 20, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def repeat_twenty(pixels: np.ndarray) -> np.ndarray:
    return pixels[np.random.default_rng(2).integers(0, 20, len(pixels))]


@pytest.fixture(scope="module")
def scores() -> dict[str, Scores]:
    """Scores of real faces of 32 x 32, as they are and spoiled, beside those of other real ones."""
    extractor = choose_extractor("efficientnet-lite0")
    pixels = np.stack([np.asarray(draw_face(index, 32)) for index in range(3 * FACES)])
    reference, other, third = (
        ImageSet(part, extract_features(extractor, part)) for part in np.split(pixels, 3)
    )
    found = {}
    for name, altered in {
        "real": third.pixels,
        "blurred": blur(third.pixels),
        "noisy": add_noise(third.pixels),
        "collapsed": repeat_twenty(third.pixels),
    }.items():
        spoiled = ImageSet(altered, extract_features(extractor, altered))
        compared = compare_sets(extractor, reference, spoiled, other)
        found[name] = {score.name: score for score in compared}
    return found


def test_every_score_of_distributions_is_measured(scores: dict[str, Scores]) -> None:
    assert list(scores["real"]) == [
        *("frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage"),
        *("sliced_wasserstein_32", "sliced_wasserstein_16", "ms_ssim"),
    ]


def test_a_third_set_of_real_faces_scores_like_the_second(scores: dict[str, Scores]) -> None:
    for name, score in scores["real"].items():
        generated, real = score.generated, score.real
        assert max(generated.low, real.low) < min(generated.high, real.high), name
    kernel = scores["real"]["kernel_distance"].generated
    assert kernel.low < 0.0 < kernel.high


@pytest.mark.parametrize(
    ("spoiled", "names"),
    [
        ("blurred", "frechet_distance kernel_distance sliced_wasserstein_32"),
        ("noisy", "frechet_distance kernel_distance precision density sliced_wasserstein_32"),
        ("collapsed", "frechet_distance kernel_distance recall coverage"),
    ],
)
def test_spoiled_faces_score_worse_than_real_ones(
    scores: dict[str, Scores], spoiled: str, names: str
) -> None:
    for name in names.split():
        score = scores[spoiled][name]
        if score.better == "lower":
            assert score.generated.low > score.real.high, name
        else:
            assert score.generated.high < score.real.low, name


def test_collapse_shows_in_the_likeness_of_samples(scores: dict[str, Scores]) -> None:
    score = scores["collapsed"]["ms_ssim"]
    assert score.better == "like real"
    assert score.generated.value > score.real.value


def test_only_distances_on_inception_features_are_called_fid_and_kid() -> None:
    rng = np.random.default_rng(3)
    extractor = FeatureExtractor("inception", "inception-x", lambda pixels: pixels.float())
    sets = [
        ImageSet(
            rng.integers(0, 256, (40, 16, 16, 1), dtype=np.uint8),
            rng.normal(size=(40, 8)).astype(np.float32),
            np.arange(40) % 2,
        )
        for _ in range(3)
    ]
    names = [score.name for score in compare_sets(extractor, sets[0], sets[1], sets[2])]
    assert names[:2] == ["fid", "kid"]
    assert names[-1] == "ms_ssim_within_class"

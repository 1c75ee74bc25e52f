"""Claims on an evaluation: all scores, of the right images, whatever the kind of generator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from model.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from model.inference import InferenceEngine
from model.latents import sample_latents
from model.training.metrics import evaluation, features
from model.training.metrics.evaluation import EvaluationRequest, evaluate
from model.training.metrics.features import FeatureExtractor

Folder = Callable[..., Path]


@pytest.fixture(autouse=True)
def _plain_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Describe images by 12 means: what is claimed here does not hang on the network."""

    def extract(pixels: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.adaptive_avg_pool2d(pixels.float(), 2).flatten(1)

    extractor = FeatureExtractor("means", "means-1", extract)
    monkeypatch.setattr(evaluation, "choose_extractor", lambda *_: extractor)


@pytest.fixture
def folder(tmp_path: Path, image_cache: Path) -> Folder:  # noqa: ARG001
    """Return a maker of folders of random images, in classes if some are named."""

    def make(name: str, count: int, seed: int, classes: tuple[str, ...] = ()) -> Path:
        rng = np.random.default_rng(seed)
        for number in range(count):
            place = tmp_path / name / (classes[number % len(classes)] if classes else "all")
            place.mkdir(parents=True, exist_ok=True)
            image = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(image).save(place / f"{number:03d}.png")
        return tmp_path / name

    return make


def test_an_unconditional_checkpoint_gets_every_score_with_its_floor(
    plain_file: Path, folder: Folder
) -> None:
    found = evaluate(EvaluationRequest(plain_file, folder("data", 90, 1), samples=1000))
    assert found.samples == 45
    assert [score.name for score in found.scores] == [
        *("frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage"),
        *("sliced_wasserstein_16", "ms_ssim"),
        *("copy_rate_features", "nearest_training_features"),
        *("copy_rate_pixels", "nearest_training_pixels"),
    ]
    for score in found.scores:
        for estimate in (score.generated, score.real):
            assert estimate.low <= estimate.value <= estimate.high
    assert found.facts["digest"] == read_checkpoint(plain_file).digest
    assert found.facts["data"].startswith("data ")
    assert found.facts["held_out"] == ""


def test_a_conditional_checkpoint_is_asked_for_the_classes_of_the_data(
    class_file: Path, folder: Folder
) -> None:
    data = folder("data", 90, 2, ("cat", "dog", "owl"))
    found = evaluate(EvaluationRequest(class_file, data, samples=1000))
    names = [score.name for score in found.scores]
    assert names[-1] == "class_accuracy"
    assert "ms_ssim_within_class" in names


def test_an_oblong_checkpoint_is_held_against_images_of_its_own_shape(
    oblong_checkpoint: Checkpoint, tmp_path: Path, folder: Folder
) -> None:
    assert oblong_checkpoint.spec.img_width is not None
    path = tmp_path / "oblong.safetensors"
    write_checkpoint(oblong_checkpoint, path)
    classes = oblong_checkpoint.class_names
    found = evaluate(EvaluationRequest(path, folder("data", 90, 5, classes)))
    assert found.closest is not None
    assert found.closest.shape[1:] == oblong_checkpoint.spec.pixels_shape
    side = min(oblong_checkpoint.spec.img_size)
    assert f"sliced_wasserstein_{side}" in [score.name for score in found.scores]


def test_classes_that_are_not_the_checkpoints_are_refused(class_file: Path, folder: Folder) -> None:
    data = folder("data", 90, 3, ("cat", "dog"))
    with pytest.raises(ValueError, match="have the classes cat, dog, and the checkpoint has cat"):
        evaluate(EvaluationRequest(class_file, data))


def test_an_evaluation_can_be_repeated(plain_file: Path, folder: Folder) -> None:
    request = EvaluationRequest(plain_file, folder("data", 90, 4))
    assert evaluate(request) == evaluate(request)


def test_a_generator_of_its_training_images_is_caught(plain_file: Path, tmp_path: Path) -> None:
    engine = InferenceEngine(read_checkpoint(plain_file), max_batch_size=32)
    for number in range(96):
        if number % 32 == 0:
            seeds = range(number, number + 32)
            pixels = engine.generate_pixels(sample_latents(engine.spec, seeds))
        (tmp_path / "copied").mkdir(exist_ok=True)
        Image.fromarray(pixels[number % 32]).save(tmp_path / "copied" / f"{number:02d}.png")
    found = evaluate(EvaluationRequest(plain_file, tmp_path / "copied"))
    scores = {score.name: score for score in found.scores}
    assert found.closest is not None
    assert len(found.closest) == 64
    assert np.array_equal(found.closest[::2], found.closest[1::2])
    assert scores["copy_rate_pixels"].generated.value == 1.0
    assert scores["copy_rate_features"].generated.value == 1.0
    assert scores["nearest_training_pixels"].generated.value == 0.0
    assert scores["copy_rate_pixels"].real.value < 0.1


def test_held_out_images_are_compared_with(
    plain_file: Path, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []
    measure = features.dataset_features

    def note(extractor, dataset, rows, **options):  # type: ignore[no-untyped-def]
        seen.append((dataset.name, len(rows)))
        return measure(extractor, dataset, rows, **options)

    monkeypatch.setattr(evaluation, "dataset_features", note)
    request = EvaluationRequest(plain_file, folder("data", 50, 5), folder("kept", 100, 6))
    found = evaluate(request)
    assert seen == [("kept", 50), ("kept", 50), ("data", 50)]
    assert found.facts["held_out"].startswith("kept ")

"""`evaluate`: a checkpoint against real images, every score beside its real-against-real floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.checkpoint import Checkpoint, read_checkpoint
from model.inference import InferenceEngine, choose_device
from model.judge import Judge
from model.training.dataset import ImageDataset, open_dataset_for
from model.training.metrics.classifier import classify, train_judge
from model.training.metrics.comparison import ImageSet, compare_sets
from model.training.metrics.confidence import proportion
from model.training.metrics.copies import find_nearest, measure_copies, shrink_pixels
from model.training.metrics.features import (
    FeatureExtractor,
    choose_extractor,
    dataset_features,
    extract_features,
)
from model.training.metrics.samples import draw_latents, render_latents, winning_seeds
from model.training.metrics.scores import Evaluation, Score
from model.training.metrics.splits import RealSplit, split_reals

_CLOSEST = 32


@dataclass(frozen=True)
class EvaluationRequest:
    """What to evaluate, on what, and how.

    Attributes:
        checkpoint: The file.
        data: The images that it was trained on.
        held_out: Other images of the same kind, if there are any.
        samples: How many images to generate; fewer are used where there are fewer real ones.
        features: `efficientnet-lite0` or `inception=FILE`.
        device: `auto`, `cpu`, `cuda` or `cuda:1`.
        precision: Of the generator, as the service takes it.
        best_of: From how many candidates each image is chosen by the discriminator.
    """

    checkpoint: Path
    data: Path
    held_out: Path | None = None
    samples: int = 10_000
    features: str = "efficientnet-lite0"
    device: str = "auto"
    precision: str = "auto"
    best_of: int = 1


@dataclass(frozen=True)
class _Reals:
    """The real images of an evaluation, opened and split."""

    data: ImageDataset
    held_out: ImageDataset | None
    split: RealSplit


def evaluate(request: EvaluationRequest, show_progress: bool = False) -> Evaluation:
    """Measure every score of a checkpoint.

    ValueError if the data cannot be used, are too few, or have other classes than the checkpoint;
    ModuleNotFoundError if a package is missing.
    """
    checkpoint = read_checkpoint(request.checkpoint)
    device = choose_device(request.device)
    extractor = choose_extractor(request.features, device)
    reals = _open_reals(request, checkpoint, show_progress)
    engine = InferenceEngine(checkpoint, device=device, precision=request.precision)
    judge = Judge(checkpoint) if request.best_of > 1 else None
    seeds = _choose_seeds(engine, judge, reals.split, request.best_of, show_progress)
    fake = _make_samples(engine, reals.split, seeds, extractor, show_progress)
    reference, other = (
        _take_reals(reals.split, rows, extractor, show_progress)
        for rows in (reals.split.reference, reals.split.other)
    )
    scores = compare_sets(extractor, reference, fake, other, show_progress)
    copies, closest = _find_copies(reals, fake, other, extractor, show_progress)
    scores += copies
    if checkpoint.spec.is_conditional and reals.split.pool.labels is not None:
        scores.append(_judge_classes(reals.split.pool, fake, show_progress))
    facts = {
        "checkpoint": request.checkpoint.name,
        "digest": checkpoint.digest,
        "data": f"{reals.data.name} {reals.data.digest}",
        "held_out": f"{reals.held_out.name} {reals.held_out.digest}" if reals.held_out else "",
        "features": extractor.key,
        "best_of": str(request.best_of),
        "numeric_path": engine.facts.numeric_path,
        "torch": torch.__version__,
    }
    return Evaluation(facts, len(fake.pixels), tuple(scores), closest)


def _open_reals(request: EvaluationRequest, checkpoint: Checkpoint, show_progress: bool) -> _Reals:
    spec = checkpoint.spec

    def opened(source: Path) -> ImageDataset:
        return open_dataset_for(spec, source, show_progress=show_progress)

    data = opened(request.data)
    held_out = None if request.held_out is None else opened(request.held_out)
    split = split_reals(data, held_out, request.samples)
    names = split.pool.class_names
    if spec.is_conditional and names and names != checkpoint.class_names:
        raise ValueError(
            f"the images have the classes {', '.join(names)}, and the checkpoint has "
            f"{', '.join(checkpoint.class_names)}"
        )
    return _Reals(data, held_out, split)


def _choose_seeds(
    engine: InferenceEngine,
    judge: Judge | None,
    split: RealSplit,
    best_of: int,
    show_progress: bool,
) -> Sequence[int]:
    """Return as many seeds as there are references: the first ones, or the best for each."""
    count = len(split.reference)
    if judge is None:
        return range(count)
    return winning_seeds(engine, judge, _labels(split), count, best_of, show_progress)


def _make_samples(
    engine: InferenceEngine,
    split: RealSplit,
    seeds: Sequence[int],
    extractor: FeatureExtractor,
    show_progress: bool,
) -> ImageSet:
    """Generate the images of the seeds, of the classes of the references."""
    latents = draw_latents(engine.spec, seeds, _labels(split))
    pixels = render_latents(engine, latents, show_progress)
    return ImageSet(pixels, extract_features(extractor, pixels, show_progress), latents.labels)


def _labels(split: RealSplit) -> NDArray[np.int64] | None:
    labels = split.pool.labels
    return None if labels is None else labels[split.reference]


def _take_reals(
    split: RealSplit, rows: NDArray[np.intp], extractor: FeatureExtractor, show_progress: bool
) -> ImageSet:
    return ImageSet(
        np.asarray(split.pool.pixels[rows]),
        dataset_features(extractor, split.pool, rows, show_progress=show_progress),
        None if split.pool.labels is None else split.pool.labels[rows],
    )


def _find_copies(
    reals: _Reals,
    fake: ImageSet,
    other: ImageSet,
    extractor: FeatureExtractor,
    show_progress: bool,
) -> tuple[list[Score], NDArray[np.uint8]]:
    """Look for samples, and for real images that are no training images, in the training data.

    Returns the scores and, nearest first, the samples nearest by features each with its training
    image.
    """
    split = reals.split
    searched = dataset_features(extractor, reals.data, split.searched, show_progress=show_progress)
    views = {
        "features": (fake.features, other.features, searched),
        "pixels": (
            shrink_pixels(fake.pixels),
            shrink_pixels(other.pixels),
            shrink_pixels(reals.data.pixels[split.searched]),
        ),
    }
    scores = []
    nearest = {}
    for view, (sampled, real, references) in views.items():
        nearest[view] = find_nearest(sampled, references)
        near_real = find_nearest(real, references, split.own_places).distances
        scores += measure_copies(nearest[view].distances, near_real, view)
    order = np.argsort(nearest["features"].distances)[:_CLOSEST]
    originals = reals.data.pixels[split.searched[nearest["features"].rows[order]]]
    pairs = np.stack([fake.pixels[order], originals], axis=1)
    return scores, pairs.reshape(-1, *fake.pixels.shape[1:])


def _judge_classes(pool: ImageDataset, fake: ImageSet, show_progress: bool) -> Score:
    """Ask a judge of the real classes whether each sample is of the class asked for."""
    assert pool.labels is not None
    judge = train_judge(
        np.asarray(pool.pixels), pool.labels, len(pool.class_names), show_progress=show_progress
    )
    right = proportion(classify(judge.network, fake.pixels) == fake.labels)
    return Score("class_accuracy", right, judge.accuracy, "higher")

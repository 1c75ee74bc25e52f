"""Two sets of images held against each other, by every score of distributions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from model.training.metrics.confidence import Estimate
from model.training.metrics.features import FeatureExtractor
from model.training.metrics.frechet import measure_frechet
from model.training.metrics.inception import NAME as INCEPTION
from model.training.metrics.kernel_distance import measure_kernel_distance
from model.training.metrics.ms_ssim import measure_ms_ssim
from model.training.metrics.neighbours import measure_neighbours
from model.training.metrics.scores import Better, Score
from model.training.metrics.sliced_wasserstein import measure_sliced_wasserstein


@dataclass(frozen=True)
class ImageSet:
    """Images in random order: pixels (n, h, w, c), features (n, d), labels (n,) or None."""

    pixels: NDArray[np.uint8]
    features: NDArray[np.float32]
    labels: NDArray[np.int64] | None = None


_Measure = Callable[[ImageSet, ImageSet], dict[str, Estimate]]


def compare_sets(
    extractor: FeatureExtractor,
    reference: ImageSet,
    fake: ImageSet,
    other: ImageSet,
    show_progress: bool = False,
) -> list[Score]:
    """Return each score of `fake` against `reference`, with that of `other` as its floor.

    Distances on Inception features are FID and KID; on other features they are not called so.
    """
    is_inception = extractor.name == INCEPTION
    frechet = "fid" if is_inception else "frechet_distance"
    kernel = "kid" if is_inception else "kernel_distance"
    measures: dict[str, _Measure] = {
        frechet: lambda a, b: {frechet: measure_frechet(a.features, b.features)},
        kernel: lambda a, b: {kernel: measure_kernel_distance(a.features, b.features)},
        "neighbours": lambda a, b: measure_neighbours(a.features, b.features),
        "sliced Wasserstein": _measure_slices,
        "MS-SSIM": lambda _, b: _measure_likeness(b),
    }
    scores = []
    bar = tqdm(measures.items(), desc="scores", disable=not show_progress)
    for name, measure in bar:
        bar.set_postfix_str(name)
        generated, real = measure(reference, fake), measure(reference, other)
        scores += [Score(key, generated[key], real[key], _better(key)) for key in generated]
    return scores


def _better(name: str) -> Better:
    if name in ("precision", "recall", "density", "coverage"):
        return "higher"
    return "like real" if name.startswith("ms_ssim") else "lower"


def _measure_slices(reference: ImageSet, compared: ImageSet) -> dict[str, Estimate]:
    levels = measure_sliced_wasserstein(reference.pixels, compared.pixels)
    return {f"sliced_wasserstein_{side}": estimate for side, estimate in levels.items()}


def _measure_likeness(compared: ImageSet) -> dict[str, Estimate]:
    """Compare random pairs and, where there are classes, pairs of one class."""
    found = {"ms_ssim": measure_ms_ssim(compared.pixels)}
    if compared.labels is not None:
        order = np.argsort(compared.labels, kind="stable")
        found["ms_ssim_within_class"] = measure_ms_ssim(compared.pixels[order])
    return found

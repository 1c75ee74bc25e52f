"""What a discriminator learned without labels: its features under a linear classifier."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from torch import nn
from torch.nn.functional import adaptive_max_pool2d

_BATCH = 500
_POOLED = 4
_PENALTIES = (1e-4, 1e-3, 1e-2)  # C, chosen on a part of the labelled digits


@dataclass(frozen=True)
class FeatureScore:
    """Accuracy on digits never seen, over draws of so many labels a class."""

    features: str
    dimensions: int
    labels_each: int
    mean: float
    std: float


@torch.no_grad()
def pooled_features(discriminator: nn.Module, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Max-pool every convolution's features to 4 x 4 and lay them side by side, (n, d).

    Radford et al., 2016, section 5.1. Takes pixels (n, h, w, c).
    """
    layers = discriminator.get_submodule("trunk.layers")
    assert isinstance(layers, nn.Sequential)
    parts = []
    for start in range(0, len(pixels), _BATCH):
        rows = np.array(pixels[start : start + _BATCH])
        images = torch.from_numpy(rows).permute(0, 3, 1, 2).float() / 127.5 - 1.0
        pooled = []
        for layer in layers:
            images = layer(images)
            if isinstance(layer, nn.LeakyReLU):
                pooled.append(adaptive_max_pool2d(images, _POOLED).flatten(1))
        parts.append(torch.cat(pooled, dim=1).numpy())
    return np.concatenate(parts)


def score_features(
    name: str,
    train: tuple[NDArray[np.float32], NDArray[np.int64]],
    test: tuple[NDArray[np.float32], NDArray[np.int64]],
    labels_each: int,
    draws: int,
) -> FeatureScore:
    """Fit an L2 support vector machine to `labels_each` rows a class, again and again.

    `train` and `test` are features (n, d) and labels (n,). The machine's C is chosen on a fifth
    of the drawn rows, never on the test.
    """
    features, labels = train
    scores = []
    for draw in range(draws):
        stream = np.random.Generator(np.random.Philox(key=[draw, labels_each]))
        rows = np.concatenate(
            [
                stream.choice(np.flatnonzero(labels == label), labels_each, replace=False)
                for label in np.unique(labels)
            ]
        )
        scores.append(_accuracy(features[rows], labels[rows], *test))
    return FeatureScore(
        name, features.shape[1], labels_each, float(np.mean(scores)), float(np.std(scores))
    )


def _accuracy(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    test_features: NDArray[np.float32],
    test_labels: NDArray[np.int64],
) -> float:
    fit_x, held_x, fit_y, held_y = train_test_split(
        features, labels, test_size=0.2, stratify=labels, random_state=0
    )
    best = max(_PENALTIES, key=lambda penalty: _fit(fit_x, fit_y, penalty).score(held_x, held_y))
    return float(_fit(features, labels, best).score(test_features, test_labels))


def _fit(features: NDArray[np.float32], labels: NDArray[np.int64], penalty: float) -> LinearSVC:
    with warnings.catch_warnings():
        # A hundred rounds are enough to compare by; the last digit is not asked for.
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine = LinearSVC(C=penalty, tol=1e-3, max_iter=100, dual=True, random_state=0)
        return make_pipeline(StandardScaler(), machine).fit(features, labels)

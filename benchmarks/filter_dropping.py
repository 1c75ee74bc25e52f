"""Forgetting an object: dropping its feature maps (Radford et al., 2016, section 6.3.1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from model.training.faces import draw_face
from model.training.lorelei import describe_face

_SIDE = 64
_SHARE = 0.06  # of the image that is under the mask: both frames and the bridge


def glasses_mask(faces: range) -> NDArray[np.bool_]:
    """Find where drawn faces wear glasses, (64, 64).

    The paper drew boxes by hand. Drawn faces all look straight ahead, so those with glasses
    differ in one place from those without: where the means of the two differ.
    """
    with_glasses: list[NDArray[np.float64]] = []
    without: list[NDArray[np.float64]] = []
    for index in faces:
        pixels = np.asarray(draw_face(index, _SIDE), np.float64).mean(axis=2)
        wears = describe_face(index).attributes["glasses"]
        (with_glasses if wears else without).append(pixels)
    differs = np.abs(np.mean(with_glasses, axis=0) - np.mean(without, axis=0))
    mask: NDArray[np.bool_] = differs > np.quantile(differs, 1 - _SHARE)
    return mask


def object_maps(
    features: Tensor, wears: NDArray[np.bool_], mask: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Fit a logistic regression of the object on features and return its weights, (c,).

    Features (n, c, h, w); positive are the places under the mask in samples that wear the
    object; negative as many places of the same samples outside of it, and the places under
    the mask in samples without.
    """
    channels, height, width = features.shape[1:]
    cell = mask.shape[0] // height
    inside = mask.reshape(height, cell, width, cell).mean(axis=(1, 3)) > 0.5
    places = features.permute(0, 2, 3, 1).numpy()
    positive = places[wears][:, inside].reshape(-1, channels)
    stream = np.random.Generator(np.random.Philox(2))
    elsewhere = places[wears][:, ~inside].reshape(-1, channels)
    elsewhere = elsewhere[stream.choice(len(elsewhere), len(positive), replace=False)]
    bare = places[~wears][:, inside].reshape(-1, channels)
    bare = bare[stream.choice(len(bare), min(len(bare), len(positive)), replace=False)]
    rows = np.concatenate([positive, elsewhere, bare])
    is_object = np.arange(len(rows)) < len(positive)
    scale = rows.std(axis=0) + 1e-6
    weights: NDArray[np.float64] = (
        LogisticRegression(max_iter=1000).fit(rows / scale, is_object).coef_[0]
    )
    return weights

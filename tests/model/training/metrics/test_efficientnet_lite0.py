"""Claims on EfficientNet-Lite0: rebuilt so that its weights mean what they were trained to mean."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
import torch
from sklearn.datasets import load_sample_image

from model.training.metrics.efficientnet_lite0 import (
    FEATURES,
    EfficientNetLite0,
    _SameConv,
    load_efficientnet_lite0,
    load_weights,
)
from model.training.metrics.features import resize

IMAGENET_PALACE, IMAGENET_MONASTERY = 698, 663


def test_a_photograph_of_a_temple_is_taken_for_a_palace_or_a_monastery() -> None:
    photo = torch.from_numpy(load_sample_image("china.jpg")[:, 106:533].copy())
    levels = resize(photo.permute(2, 0, 1)[None].float(), 224)
    weights = load_weights()
    logits = load_efficientnet_lite0()(levels) @ weights["_fc.weight"].T + weights["_fc.bias"]
    best = logits[0].topk(5).indices.tolist()
    assert best[0] == IMAGENET_PALACE
    assert IMAGENET_MONASTERY in best


def test_folded_normalisation_changes_nothing() -> None:
    plain = EfficientNetLite0().eval()
    plain.load_state_dict({k: v for k, v in load_weights().items() if not k.startswith("_fc.")})
    levels = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(1)) * 255
    with torch.inference_mode():
        expected, found = plain(levels), load_efficientnet_lite0()(levels)
    assert found.shape == (2, FEATURES)
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("side", [8, 9])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2)])
def test_padding_is_tensorflows_same(side: int, kernel: int, stride: int) -> None:
    torch.manual_seed(2)
    conv = _SameConv(1, 1, kernel, stride, 1).requires_grad_(False)
    image = torch.randn(1, 1, side, side)
    # TensorFlow: ceil(side / stride) outputs, the padding they need halved, the odd pixel last.
    outputs = -(-side // stride)
    missing = max((outputs - 1) * stride + kernel - side, 0)
    before = missing // 2
    padded = np.pad(image[0, 0].numpy(), ((before, missing - before),) * 2)
    full = scipy.signal.correlate2d(padded, conv.weight[0, 0].numpy(), mode="valid")
    np.testing.assert_allclose(conv(image)[0, 0], full[::stride, ::stride], atol=1e-5)

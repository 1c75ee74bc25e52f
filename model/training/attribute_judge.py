"""`AttributeJudge`: small networks that say which attributes an image shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from tqdm import tqdm

_WIDTHS = (24, 48, 96)
_LAST_SIDE = 8
_BATCH_SIZE = 64
_PEAK_RATE = 3e-3
_MAX_IMAGES = 20_000
_UNSEEN_SHARE = 6  # one image in so many is kept from the judge and then shown to it
_MIN_EXAMPLES = 20


@dataclass(frozen=True)
class AttributeJudge:
    """The networks, and for each attribute how right they are about images that they never saw.

    Several are asked at once, so that what is steered by them cannot please the quirks of one.

    `accuracies` (k,) are balanced: the mean of the share of images with the attribute that it
    sees it in, and of those without that it does not; 0.5 is guessing. NaN where too few
    images have the attribute, or lack it, to say.
    """

    networks: tuple[nn.Module, ...]
    accuracies: NDArray[np.float64]

    def logits(self, images: Tensor) -> Tensor:
        """Judge images (n, c, h, w) in [-1, 1]: (n, k), above 0 where it sees the attribute."""
        logits = torch.stack([network(images) for network in self.networks])
        return logits.mean(dim=0)


def train_attribute_judge(
    pixels: NDArray[np.uint8],
    attributes: NDArray[np.uint8],
    *,
    epochs: int = 6,
    networks: int = 1,
    seed: int = 0,
    show_progress: bool = False,
) -> AttributeJudge:
    """Train on five sixths of (n, h, w, c) with attributes (n, k) of 0 and 1, test on the rest.

    Adam under one cycle of the rate; of more than 20,000 images so many are taken at random.
    On one device and thread count the same seed gives the same judge. ValueError for fewer
    than a hundred images or no attribute.
    """
    if len(pixels) < 100 or not attributes.shape[1]:
        raise ValueError("a judge of attributes needs a hundred images and an attribute")
    order = np.random.default_rng(seed).permutation(len(pixels))[:_MAX_IMAGES]
    unseen, seen = order[: len(order) // _UNSEEN_SHARE], order[len(order) // _UNSEEN_SHARE :]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        targets = torch.from_numpy(attributes[seen].astype(np.float32))
        trained = []
        for _ in range(networks):
            network = _network(pixels.shape[1:], attributes.shape[1])
            _fit(network, pixels[seen], targets, epochs, show_progress)
            trained.append(network.eval().requires_grad_(False))
    judge = AttributeJudge(tuple(trained), np.empty(0))
    found = _see(judge, pixels[unseen])
    return AttributeJudge(judge.networks, balanced_accuracies(found, attributes[unseen] > 0))


def balanced_accuracies(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the balanced accuracy of each column of (n, k), (k,); NaN for too few examples."""
    accuracies = np.full(true.shape[1], np.nan)
    for column in range(true.shape[1]):
        has = true[:, column]
        if min(has.sum(), (~has).sum()) >= _MIN_EXAMPLES:
            seen, absent = found[has, column].mean(), 1.0 - found[~has, column].mean()
            accuracies[column] = (seen + absent) / 2
    return accuracies


def to_images(pixels: NDArray[np.uint8]) -> Tensor:
    """Turn pixels (n, h, w, c) into images (n, c, h, w) in [-1, 1]."""
    levels = torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))
    return levels.float().sub_(127.5).div_(127.5)


@torch.no_grad()
def _see(judge: AttributeJudge, pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    parts = [
        judge.logits(to_images(pixels[at : at + 256])) > 0 for at in range(0, len(pixels), 256)
    ]
    seen: NDArray[np.bool_] = torch.cat(parts).numpy()
    return seen


def _network(image_shape: tuple[int, ...], outputs: int) -> nn.Module:
    """Halve the sides until the smaller is at most 8; then one linear layer."""
    height, width, before = image_shape
    layers: list[nn.Module] = []
    stage = 0
    while min(height, width) > _LAST_SIDE:
        after = _WIDTHS[min(stage, len(_WIDTHS) - 1)]
        layers += [nn.Conv2d(before, after, 4, 2, 1), nn.BatchNorm2d(after), nn.ReLU()]
        before, stage, height, width = after, stage + 1, height // 2, width // 2
    linear = nn.Linear(before * height * width, outputs)
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), linear)


def _fit(
    network: nn.Module,
    pixels: NDArray[np.uint8],
    targets: Tensor,
    epochs: int,
    show_progress: bool,
) -> None:
    batches = -(-len(pixels) // _BATCH_SIZE)
    optimizer = torch.optim.Adam(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, _PEAK_RATE, total_steps=epochs * batches
    )
    with tqdm(total=epochs * batches, desc="judge", disable=not show_progress) as bar:
        for _ in range(epochs):
            for rows in torch.randperm(len(pixels)).chunk(batches):
                logits = network(to_images(pixels[rows.numpy()]))
                loss = binary_cross_entropy_with_logits(logits, targets[rows], reduction="sum")
                optimizer.zero_grad(set_to_none=True)
                (loss / len(rows)).backward()
                optimizer.step()
                schedule.step()
                bar.update()

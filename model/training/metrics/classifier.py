"""A judge of classes: a small convolutional network, trained here on labelled real images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from model.training.metrics.confidence import Estimate, proportion

_WIDTHS = (16, 32, 64)
_LAST_SIDE = 4
_MAX_IMAGES = 10_000
_EPOCHS = 12
_BATCH_SIZE = 64
_PEAK_RATE = 3e-3
_UNSEEN_SHARE = 5  # one image in so many is kept from the judge and then shown to it
_MAX_SHIFT = 16  # in 1 / side


@dataclass(frozen=True)
class Judge:
    """A trained classifier and how often it is right about real images that it never saw."""

    network: nn.Module
    accuracy: Estimate


def train_judge(
    pixels: NDArray[np.uint8],
    labels: NDArray[np.int64],
    num_classes: int,
    seed: int = 0,
    show_progress: bool = False,
) -> Judge:
    """Train on four fifths of (n, h, w, c) with labels (n,), and test on the last fifth.

    Twelve epochs of Adam under one cycle of the rate, images shifted by up to a sixteenth of
    their side; of more than 10,000 images so many are taken at random. On one device the same
    seed gives the same judge. ValueError for fewer than ten images or two classes.
    """
    if len(pixels) < 2 * _UNSEEN_SHARE or num_classes < 2:
        raise ValueError("a judge of classes needs ten images of two classes")
    order = np.random.default_rng(seed).permutation(len(pixels))[:_MAX_IMAGES]
    unseen, seen = order[: len(order) // _UNSEEN_SHARE], order[len(order) // _UNSEEN_SHARE :]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network(pixels.shape[1:], num_classes)
        _fit(network, _images(pixels[seen]), torch.from_numpy(labels[seen]), show_progress)
    network.eval()
    answers = classify(network, pixels[unseen])
    return Judge(network, proportion(answers == labels[unseen]))


def classify(network: nn.Module, pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the class of each of (n, h, w, c), (n,)."""
    with torch.inference_mode():
        parts = [
            network(_images(pixels[start : start + 256])).argmax(dim=1)
            for start in range(0, len(pixels), 256)
        ]
    answers: NDArray[np.int64] = torch.cat(parts).numpy()
    return answers


def _network(image_shape: tuple[int, ...], num_classes: int) -> nn.Module:
    layers: list[nn.Module] = []
    height, width, inputs = image_shape
    stage = 0
    while min(height, width) > _LAST_SIDE:
        outputs = _WIDTHS[min(stage, len(_WIDTHS) - 1)]
        layers += [
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        ]
        inputs, stage, height, width = outputs, stage + 1, height // 2, width // 2
    layers += [nn.Flatten(), nn.Dropout(0.2), nn.Linear(inputs * height * width, num_classes)]
    return nn.Sequential(*layers)


def _fit(network: nn.Module, images: Tensor, labels: Tensor, show_progress: bool) -> None:
    batches = -(-len(images) // _BATCH_SIZE)
    optimizer = torch.optim.Adam(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, _PEAK_RATE, total_steps=_EPOCHS * batches
    )
    with tqdm(total=_EPOCHS * batches, desc="judge", disable=not show_progress) as bar:
        for _ in range(_EPOCHS):
            for rows in torch.randperm(len(images)).chunk(batches):
                loss = F.cross_entropy(network(_shift(images[rows])), labels[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                bar.update()


def _shift(images: Tensor) -> Tensor:
    """Move a batch by a few pixels, at random, with its edge repeated."""
    reach = min(images.shape[2:]) // _MAX_SHIFT
    padded = F.pad(images, (reach,) * 4, mode="replicate")
    top, left = torch.randint(0, 2 * reach + 1, (2,)).tolist()
    return padded[:, :, top : top + images.shape[2], left : left + images.shape[3]]


def _images(pixels: NDArray[np.uint8]) -> Tensor:
    levels = torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))
    return levels.float().sub_(127.5).div_(127.5)

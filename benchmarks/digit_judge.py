"""`DigitJudge`: a small convolutional network that says which digit it sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm

_CLASSES = 10
_BATCH = 100
_MAX_SHIFT = 2


@dataclass(frozen=True)
class DigitJudge:
    """The network, and how many digits that it never saw it reads right."""

    network: nn.Module
    accuracy: float
    held_out: int

    @torch.no_grad()
    def read(self, pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Name the digits in pixels (n, h, w): labels (n,)."""
        parts = [
            self.network(_to_images(pixels[start : start + 1000])).argmax(dim=1).numpy()
            for start in range(0, len(pixels), 1000)
        ]
        return np.concatenate(parts)


def train_judge(
    pixels: NDArray[np.uint8], labels: NDArray[np.int64], epochs: int = 15, seed: int = 0
) -> DigitJudge:
    """Learn from four fifths of the digits (n, h, w), be scored on the fifth held out.

    Digits are shifted by up to two pixels while it learns, which is worth more data.
    """
    learn_x, test_x, learn_y, test_y = train_test_split(
        pixels, labels, test_size=0.2, stratify=labels, random_state=seed
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _build_network(pixels.shape[1])
        _fit(network, learn_x, learn_y, epochs)
    judge = DigitJudge(network.eval(), 0.0, len(test_y))
    accuracy = float(np.mean(judge.read(test_x) == test_y))
    return DigitJudge(judge.network, accuracy, len(test_y))


def _build_network(side: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(32 * (side // 4) ** 2, 128),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(128, _CLASSES),
    )


def _fit(
    network: nn.Module, pixels: NDArray[np.uint8], labels: NDArray[np.int64], epochs: int
) -> None:
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    steps = epochs * (len(pixels) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    images, targets = _to_images(pixels), torch.from_numpy(labels)
    order = torch.empty(0, dtype=torch.int64)
    for _ in tqdm(range(steps), desc="judge", unit="step", dynamic_ncols=True):
        if len(order) < _BATCH:
            order = torch.randperm(len(pixels))
        rows, order = order[:_BATCH], order[_BATCH:]
        loss = cross_entropy(network(_shift(images[rows])), targets[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()


def _shift(images: Tensor) -> Tensor:
    """Shift a batch by a few pixels, the same for all of it; the edges are black anyway."""
    down, right = torch.randint(-_MAX_SHIFT, _MAX_SHIFT + 1, (2,)).tolist()
    return images.roll((down, right), dims=(2, 3))


def _to_images(pixels: NDArray[np.uint8]) -> Tensor:
    """Turn pixels (n, h, w) into images (n, 1, h, w) in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pixels))[:, None].float() / 127.5 - 1.0

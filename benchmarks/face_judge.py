"""`FaceJudge`: a small convolutional network that names the attributes of a drawn face."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from model.training.faces import draw_face
from model.training.lorelei import HAIR, HAIR_STYLES, describe_face

# Every attribute with its values; the others are too small to be seen at 64 x 64.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "glasses": ("no", "yes"),
    "smile": ("no", "yes"),
    "hair": tuple(swatch.name for swatch in HAIR),
    "hair_style": tuple(HAIR_STYLES),
}
_BATCH = 64
_WIDTHS = (3, 24, 48, 96)
_SIDE = 64


@dataclass(frozen=True)
class FaceJudge:
    """The network, and the share of faces it never saw that it reads right, by attribute."""

    network: nn.Module
    accuracy: dict[str, float]

    @torch.no_grad()
    def read(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.int64]]:
        """Name the attributes in pixels (n, h, w, 3): an index of `ATTRIBUTES` (n,) each."""
        parts = [
            self.network(_to_images(pixels[start : start + 500]))
            for start in range(0, len(pixels), 500)
        ]
        return {
            name: logits.argmax(dim=1).numpy() for name, logits in _split(torch.cat(parts)).items()
        }


def draw_faces(indices: range) -> tuple[NDArray[np.uint8], dict[str, NDArray[np.int64]]]:
    """Draw faces (n, 64, 64, 3) and return the attributes they were drawn with."""
    pixels = np.stack(
        [np.asarray(draw_face(index, _SIDE)) for index in tqdm(indices, desc="faces", unit="img")]
    )
    described = [describe_face(index).attributes for index in indices]
    labels = {
        name: np.array([_value_index(name, face[name]) for face in described])
        for name in ATTRIBUTES
    }
    return pixels, labels


def train_judge(train: range, held_out: range, epochs: int = 8, seed: int = 0) -> FaceJudge:
    """Draw faces, learn from those of `train` and be scored on those of `held_out`."""
    pixels, labels = draw_faces(train)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _build_network()
        _fit(network, pixels, labels, epochs)
    judge = FaceJudge(network.eval(), {})
    test_pixels, test_labels = draw_faces(held_out)
    read = judge.read(test_pixels)
    accuracy = {name: float(np.mean(read[name] == test_labels[name])) for name in ATTRIBUTES}
    return FaceJudge(judge.network, accuracy)


def _value_index(name: str, value: str | bool) -> int:
    return int(value) if isinstance(value, bool) else ATTRIBUTES[name].index(value)


def _build_network() -> nn.Module:
    layers: list[nn.Module] = []
    for before, width in itertools.pairwise(_WIDTHS):
        layers += [nn.Conv2d(before, width, 4, 2, 1), nn.BatchNorm2d(width), nn.ReLU()]
    outputs = sum(len(values) for values in ATTRIBUTES.values())
    head = [nn.Flatten(), nn.Dropout(0.3), nn.Linear(_WIDTHS[-1] * (_SIDE // 8) ** 2, outputs)]
    return nn.Sequential(*layers, *head)


def _fit(
    network: nn.Module,
    pixels: NDArray[np.uint8],
    labels: dict[str, NDArray[np.int64]],
    epochs: int,
) -> None:
    steps = epochs * (len(pixels) // _BATCH)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    images = _to_images(pixels)
    targets = {name: torch.from_numpy(values) for name, values in labels.items()}
    order = torch.empty(0, dtype=torch.int64)
    for _ in tqdm(range(steps), desc="judge", unit="step"):
        if len(order) < _BATCH:
            order = torch.randperm(len(pixels))
        rows, order = order[:_BATCH], order[_BATCH:]
        logits = _split(network(images[rows]))
        losses = [cross_entropy(logits[name], targets[name][rows]) for name in ATTRIBUTES]
        optimizer.zero_grad(set_to_none=True)
        torch.stack(losses).sum().backward()
        optimizer.step()
        schedule.step()


def _split(logits: Tensor) -> dict[str, Tensor]:
    """Cut logits (n, all values) into those of each attribute."""
    sizes = [len(values) for values in ATTRIBUTES.values()]
    return dict(zip(ATTRIBUTES, logits.split(sizes, dim=1), strict=True))


def _to_images(pixels: NDArray[np.uint8]) -> Tensor:
    """Turn pixels (n, h, w, c) into images (n, c, h, w) in [-1, 1]."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1.0

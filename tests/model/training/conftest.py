from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.training.config import TrainConfig
from model.training.dataset import ImageDataset
from model.training.presets import PRESETS
from model.training.state import TrainingState


@pytest.fixture
def image_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the decoded images of commands and runs in the test's own folder."""
    monkeypatch.setenv("GANLOOM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def photos(tmp_path: Path, image_cache: Path) -> Path:  # noqa: ARG001
    """A folder of eleven 16 x 16 images in two classes."""
    rng = np.random.default_rng(4)
    for number in range(11):
        path = tmp_path / "photos" / ("cat", "dog")[number % 2] / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(path)
    return tmp_path / "photos"


@pytest.fixture
def make_dataset() -> Callable[..., ImageDataset]:
    """Return a maker of data sets in memory: `count` random images in three classes."""

    def make(count: int = 37, side: int = 16, channels: int = 3) -> ImageDataset:
        rng = np.random.default_rng(count)
        return ImageDataset(
            pixels=rng.integers(0, 256, (count, side, side, channels), dtype=np.uint8),
            labels=rng.integers(0, 3, count),
            class_names=("a", "b", "c"),
            attributes=None,
            attribute_names=("hat",),
            name="noise",
            licence="CC0-1.0",
            credit="nobody",
            digest="0" * 64,
            skipped=(),
        )

    return make


@pytest.fixture
def make_state() -> Callable[..., TrainingState]:
    """Return a maker of tiny states: `make(preset, **changes of its TrainConfig)`."""

    def make(preset: str = "dcgan", **changes: object) -> TrainingState:
        tiny: dict[str, object] = {
            "img_resolution": 16,
            "z_dim": 6,
            "base_channels": 2,
            "discriminator_channels": 2,
            "batch_size": 8,
            "seed": 5,
        }
        config: TrainConfig = dataclasses.replace(PRESETS[preset], **{**tiny, **changes})  # type: ignore[arg-type]
        facts = {
            "name": "noise",
            "licence": "CC0-1.0",
            "credit": "nobody",
            "class_names": ["a", "b", "c"],
            "attribute_names": ["hat"],
        }
        return TrainingState(config, config.generator_spec(3), facts)

    return make

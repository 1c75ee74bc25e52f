"""Claims on what an export holds: the averaged weights, their statistics and their pixels."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from model.checkpoint import read_checkpoint
from model.golden import GOLDEN_SEEDS
from model.inference import InferenceEngine
from model.latents import sample_latents
from model.training.dataset import ImageDataset
from model.training.ema import recalibrate_batch_norm
from model.training.export import export_checkpoint
from model.training.state import TrainingState
from model.training.train_step import train_step

MakeState = Callable[..., TrainingState]


@pytest.fixture(params=[False, True])
def trained(
    request: pytest.FixtureRequest,
    make_state: MakeState,
    make_dataset: Callable[..., ImageDataset],
) -> TrainingState:
    state = make_state(is_conditional=request.param, ema_halflife_kimg=0.1)
    data = make_dataset(8)
    labels = data.labels if request.param else None
    for _ in range(5):
        train_step(state, data.pixels, labels)
    return state


def test_it_holds_the_average_and_not_the_generator(trained: TrainingState, tmp_path: Path) -> None:
    checkpoint = export_checkpoint(trained, tmp_path / "a.safetensors")
    average = dict(trained.ema_generator.named_parameters())
    for name, weight in trained.generator.named_parameters():
        assert torch.equal(checkpoint.weights[name], average[name])
        assert not torch.equal(checkpoint.weights[name], weight)


def test_its_statistics_are_measured_for_the_average(
    trained: TrainingState, tmp_path: Path
) -> None:
    checkpoint = export_checkpoint(trained, tmp_path / "a.safetensors")
    recalibrate_batch_norm(trained.ema_generator, trained.spec)
    for name, value in trained.ema_generator.state_dict().items():
        assert torch.equal(checkpoint.weights[name], value), name


def test_the_file_serves_what_the_golden_pixels_show(
    trained: TrainingState, tmp_path: Path
) -> None:
    written = export_checkpoint(trained, tmp_path / "new" / "a.safetensors")
    checkpoint = read_checkpoint(tmp_path / "new" / "a.safetensors")
    assert checkpoint.digest == written.digest
    # In float32, and in what this CPU is fastest in, the same on a plain one.
    engines = [
        InferenceEngine(checkpoint, device="cpu", precision=precision, max_batch_size=4)
        for precision in ("float32", "auto")
    ]
    assert [engine.facts.golden_verdict for engine in engines] == ["exact", "exact"]
    assert set(checkpoint.golden.hashes) == {engine.facts.numeric_path for engine in engines}
    latents = sample_latents(checkpoint.spec, GOLDEN_SEEDS)
    with torch.no_grad():
        labels = None if latents.labels is None else torch.from_numpy(latents.labels)
        images = trained.ema_generator(torch.from_numpy(latents.z), labels).numpy()
    levels = (images.transpose(0, 2, 3, 1) + 1) * 127.5
    assert np.abs(checkpoint.golden.pixels - levels).max() < 0.51


def test_one_state_is_one_file(trained: TrainingState, tmp_path: Path) -> None:
    trained.save(tmp_path / "state.pt")
    for name in ("a", "b"):
        export_checkpoint(TrainingState.load(tmp_path / "state.pt"), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_it_tells_where_it_comes_from(trained: TrainingState, tmp_path: Path) -> None:
    trained.facts |= {"diversity": 0.875, "structure": math.nan}  # data of one structure
    export_checkpoint(trained, tmp_path / "a.safetensors")
    checkpoint = read_checkpoint(tmp_path / "a.safetensors")
    provenance = checkpoint.provenance
    assert (provenance.preset, provenance.dataset) == ("dcgan", "noise")
    assert (provenance.licence, provenance.credit) == ("CC0-1.0", "nobody")
    assert (provenance.images_seen, provenance.seed) == (40, 5)
    assert provenance.scores == {"diversity": 0.875}
    assert re.fullmatch(r"ganloom .+, torch \d+\.\d+\.\d+", provenance.software)
    assert re.fullmatch(r"([0-9a-f]{12}(-dirty)?)?", provenance.git_commit)
    assert checkpoint.attribute_names == ("hat",)
    assert checkpoint.class_names == (("a", "b", "c") if trained.spec.is_conditional else ())


def test_the_discriminator_is_exported_where_that_is_asked_for(
    trained: TrainingState, tmp_path: Path
) -> None:
    assert export_checkpoint(trained, tmp_path / "a.safetensors").discriminator is None
    export_checkpoint(trained, tmp_path / "b.safetensors", has_discriminator=True)
    held = read_checkpoint(tmp_path / "b.safetensors").discriminator
    assert held is not None
    images = torch.rand(2, trained.spec.img_channels, *trained.spec.img_size)
    labels = torch.tensor([0, 1]) if trained.spec.is_conditional else None
    judged = held.load(trained.spec)(images, labels)
    torch.testing.assert_close(judged, trained.discriminator(images, labels))

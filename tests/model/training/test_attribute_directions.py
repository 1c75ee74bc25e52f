from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from model.checkpoint import Checkpoint
from model.generators import build_generator
from model.golden import Golden
from model.inference import InferenceEngine
from model.latents import Latents, sample_latents
from model.provenance import Provenance
from model.spec import GeneratorSpec
from model.training.attribute_directions import (
    Effort,
    direction_name,
    fit_attributes,
    group_of,
    leaks_of,
)
from model.training.attribute_judge import AttributeJudge, train_attribute_judge

SPEC = GeneratorSpec("dcgan", 16, 1, z_dim=6, base_channels=4)
NAMES = ("bright", "coin")
Judges = tuple[AttributeJudge, AttributeJudge]


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    """A generator whose last entry of z makes the whole image brighter."""
    torch.manual_seed(5)
    generator = build_generator(SPEC)
    weights = {
        name: tensor * 8 if tensor.ndim == 4 else tensor
        for name, tensor in generator.state_dict().items()
    }
    weights["layers.0.weight"][5] = 0.6
    weights["layers.6.weight"] = weights["layers.6.weight"].abs() - 0.1
    return Checkpoint(SPEC, weights, Golden.unknown(SPEC), Provenance())


def render(checkpoint: Checkpoint, latents: Latents) -> np.ndarray:
    engine = InferenceEngine(checkpoint, device="cpu", precision="float32", is_golden_checked=False)
    return np.concatenate([engine.generate_pixels(part) for part in latents.split(32)])


@pytest.fixture(scope="module")
def judges(checkpoint: Checkpoint) -> Judges:
    pixels = render(checkpoint, sample_latents(SPEC, range(800)))
    means = pixels.mean(axis=(1, 2, 3))
    coin = np.random.default_rng(0).integers(0, 2, len(pixels))
    attributes = np.stack([means > np.median(means), coin], axis=1).astype(np.uint8)
    first, second = slice(0, None, 2), slice(1, None, 2)
    return (
        train_attribute_judge(pixels[first], attributes[first], epochs=8, networks=2),
        train_attribute_judge(pixels[second], attributes[second], epochs=8, seed=1),
    )


def test_an_attribute_gets_a_direction_that_moves_it(
    checkpoint: Checkpoint, judges: Judges
) -> None:
    found = fit_attributes(checkpoint, judges, NAMES, Effort(400, 5, 60))
    assert found.names == ("bright",)
    entry = found.entries[0]
    assert entry.scores["agreement"] >= 0.8
    moved = entry.strength * found.vectors[0]
    z = sample_latents(SPEC, range(5000, 5050)).z
    up, down = (render(checkpoint, Latents(z + sign * moved)) for sign in (1, -1))
    assert np.mean(up.mean(axis=(1, 2, 3)) > down.mean(axis=(1, 2, 3))) > 0.9


def test_what_the_judge_cannot_see_gets_no_direction(
    checkpoint: Checkpoint, judges: Judges
) -> None:
    blind = dataclasses.replace(judges[1], accuracies=np.array([0.5, np.nan]))
    assert len(fit_attributes(checkpoint, (judges[0], blind), NAMES, Effort(100, 1, 20))) == 0


def test_fitting_is_repeatable(checkpoint: Checkpoint, judges: Judges) -> None:
    first, second = (
        fit_attributes(checkpoint, judges, NAMES, Effort(200, 3, 40)).vectors for _ in range(2)
    )
    assert np.array_equal(first, second)


def test_a_leak_is_the_share_of_samples_whose_other_attribute_moved() -> None:
    names = ("hair:black", "hair:red", "glasses", "smile")
    moved = np.zeros((10, 4), bool)
    moved[:, 0] = moved[:4, 1] = True
    moved[3:6, 2] = True
    assert leaks_of(moved, 0, names) == {"glasses": 0.3, "smile": 0.0}
    assert leaks_of(moved, 2, names) == {"hair": 1.0, "smile": 0.0}


def test_columns_become_names_that_a_url_can_hold() -> None:
    assert direction_name("hair:black") == "hair-black"
    assert direction_name("Wearing Hat!") == "Wearing-Hat"
    assert direction_name("髪") == "attribute"
    assert group_of("hair:black") == "hair"

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from model.checkpoint import Checkpoint
from model.discriminators import DiscriminatorSpec, HeldDiscriminator, build_discriminator
from model.inversion import (
    DifferentiableGenerator,
    FoundLatent,
    Inversion,
    InversionOptions,
    invert,
)
from model.judge import Judge
from model.latents import Latents, sample_latents
from model.observation import Observation
from model.pixels import to_pixels
from model.spec import GeneratorSpec

OPTIONS = InversionOptions(steps=150, restarts=4)
Make = Callable[[GeneratorSpec], Checkpoint]

SPECS = [
    GeneratorSpec("dcgan", 16, 3, z_dim=5, base_channels=4),
    GeneratorSpec("dcgan", 24, 4, z_dim=5, base_channels=4, img_width=16, attention_resolution=6),
    GeneratorSpec("mlp", 16, 1, z_dim=5, base_channels=8),
    GeneratorSpec("resnet", 16, 3, z_dim=5, base_channels=4),
    GeneratorSpec("upsample", 16, 3, z_dim=5, base_channels=4),
]


@torch.no_grad()
def render(generator: DifferentiableGenerator, latents: Latents) -> Any:
    labels = None if latents.labels is None else torch.from_numpy(latents.labels)
    return to_pixels(generator.module(torch.from_numpy(latents.z), labels)).numpy()


def whole(pixels: np.ndarray) -> Observation:
    return Observation(pixels, np.ones(pixels.shape[:2], np.bool_))


def sample(generator: DifferentiableGenerator, label: int | None = None) -> Any:
    return render(generator, sample_latents(generator.spec, [12345], label))[0]


@pytest.fixture(scope="module")
def plain(plain_checkpoint: Checkpoint) -> DifferentiableGenerator:
    return DifferentiableGenerator(plain_checkpoint)


@pytest.fixture(params=["plain", "classes"])
def judged(request: pytest.FixtureRequest) -> Checkpoint:
    """A checkpoint with a discriminator of random weights, told of classes where there are some."""
    name = {"plain": "plain_checkpoint", "classes": "class_checkpoint"}[request.param]
    checkpoint: Checkpoint = request.getfixturevalue(name)
    torch.manual_seed(2)
    description = DiscriminatorSpec("dcgan", 4)
    weights = build_discriminator(checkpoint.spec, description).state_dict()
    held = HeldDiscriminator(description, checkpoint.spec.is_conditional, weights)
    return dataclasses.replace(checkpoint, discriminator=held)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.architecture)
def test_own_samples_of_every_architecture_are_found_again(
    make_checkpoint: Make, spec: GeneratorSpec
) -> None:
    checkpoint = make_checkpoint(spec)
    if spec.architecture in ("resnet", "upsample"):  # sums of loud weights are noise in z
        quiet = {k: w / 5 if w.ndim == 4 else w for k, w in checkpoint.weights.items()}
        checkpoint = dataclasses.replace(checkpoint, weights=quiet)
    generator = DifferentiableGenerator(checkpoint)
    nearest_start = invert(generator, whole(sample(generator)), InversionOptions(steps=1))
    found = invert(generator, whole(sample(generator)), OPTIONS)
    assert found.psnr_db > max(30, nearest_start.psnr_db + 6)
    difference = sample(generator).astype(float) - render(generator, found.as_latents())[0]
    assert 10 * np.log10(255**2 / (difference**2).mean()) > 30


def test_the_same_image_and_options_find_the_same_latent(plain: DifferentiableGenerator) -> None:
    first, second = (invert(plain, whole(sample(plain)), OPTIONS) for _ in range(2))
    assert np.array_equal(first.z, second.z)
    other = invert(plain, whole(sample(plain)), dataclasses.replace(OPTIONS, seed=99))
    assert not np.array_equal(first.z, other.z)


def test_a_search_finds_the_same_in_steps_of_any_size(plain: DifferentiableGenerator) -> None:
    observation = whole(sample(plain))
    search = Inversion(plain, observation, OPTIONS)
    seen: list[FoundLatent] = []
    while not search.is_done:
        search.advance(7)
        seen.append(search.best)
    assert search.progress == 1
    assert np.array_equal(search.best.z, invert(plain, observation, OPTIONS).z)
    assert seen[-1].psnr_db > seen[0].psnr_db


def test_the_class_is_found_where_none_is_given(class_checkpoint: Checkpoint) -> None:
    generator = DifferentiableGenerator(class_checkpoint)
    found = [invert(generator, whole(sample(generator, k)), OPTIONS).label for k in range(3)]
    assert found == [0, 1, 2]


def test_a_class_that_is_given_is_kept(class_checkpoint: Checkpoint) -> None:
    generator = DifferentiableGenerator(class_checkpoint)
    options = dataclasses.replace(OPTIONS, label=2)
    assert invert(generator, whole(sample(generator, 0)), options).label == 2


def test_what_is_masked_has_no_say_and_is_filled(plain: DifferentiableGenerator) -> None:
    image = sample(plain)
    known = np.ones(image.shape[:2], np.bool_)
    known[:8, :8] = False
    garbage = image.copy()
    garbage[~known] = 255 - garbage[~known]
    options = dataclasses.replace(OPTIONS, task="inpaint")
    found, other = (invert(plain, Observation(item, known), options) for item in (image, garbage))
    assert np.array_equal(found.z, other.z)
    filled = render(plain, found.as_latents())[0][~known].astype(float)
    mean = image[known].mean(0)
    truth = image[~known]
    assert ((filled - truth) ** 2).mean() < 0.5 * ((mean - truth) ** 2).mean()


def test_latents_stay_within_their_bound(plain: DifferentiableGenerator) -> None:
    options = dataclasses.replace(OPTIONS, max_magnitude=0.5)
    found = invert(plain, whole(sample(plain)), options)
    assert np.abs(found.z).max() <= 0.5


def test_realism_finds_images_that_the_discriminator_likes_better(judged: Checkpoint) -> None:
    generator, judge = DifferentiableGenerator(judged), Judge(judged)
    image = np.random.default_rng(0).integers(0, 256, judged.spec.pixels_shape, np.uint8)
    label = 1 if judged.spec.is_conditional else None
    logits = []
    for realism in (0.0, 1.0):
        options = dataclasses.replace(OPTIONS, task="inpaint", label=label, realism=realism)
        found = invert(generator, whole(image), options)
        logits.append(judge.logit(render(generator, found.as_latents())[0], found.label))
    assert logits[1] > logits[0]


def test_realism_needs_a_discriminator(plain: DifferentiableGenerator) -> None:
    options = dataclasses.replace(OPTIONS, realism=0.5)
    with pytest.raises(ValueError, match="realism: this model has no discriminator"):
        Inversion(plain, whole(sample(plain)), options)


@pytest.mark.parametrize(
    "changes", [{"steps": 0}, {"steps": 2001}, {"restarts": 0}, {"realism": 1.5}, {"realism": -1.0}]
)
def test_options_out_of_bounds_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        InversionOptions(**changes)


def test_an_image_of_another_shape_is_refused(plain: DifferentiableGenerator) -> None:
    with pytest.raises(ValueError, match="not of this generator"):
        Inversion(plain, whole(np.zeros((16, 16, 1), np.uint8)), OPTIONS)


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_a_very_short_search_ends_too(plain: DifferentiableGenerator, steps: int) -> None:
    found = invert(plain, whole(sample(plain)), InversionOptions(steps=steps, restarts=1))
    assert np.isfinite(found.z).all()

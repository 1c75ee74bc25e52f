"""Claims on samples: they are the service's own images."""

from __future__ import annotations

import numpy as np
import pytest

from model.candidates import candidate_seeds
from model.checkpoint import Checkpoint
from model.inference import InferenceEngine
from model.judge import Judge
from model.latents import sample_latents
from model.training.metrics.samples import draw_latents, render_latents, winning_seeds
from tests.app.conftest import hold_tiny_discriminator


def test_samples_are_the_seeds_own_images(plain_checkpoint: Checkpoint) -> None:
    engine = InferenceEngine(plain_checkpoint, precision="float32", max_batch_size=4)
    pixels = render_latents(engine, draw_latents(engine.spec, range(11)))
    for seed in (0, 6, 10):
        alone = engine.generate_pixels(sample_latents(engine.spec, [seed]))
        assert np.array_equal(pixels[seed], alone[0])


def test_labels_given_replace_those_drawn_and_leave_z_alone(class_checkpoint: Checkpoint) -> None:
    labels = np.array([2, 2, 0, 1])
    latents = draw_latents(class_checkpoint.spec, range(4), labels)
    drawn = draw_latents(class_checkpoint.spec, range(4))
    assert latents.labels is not None
    assert latents.labels.tolist() == [2, 2, 0, 1]
    assert np.array_equal(latents.z, drawn.z)
    assert drawn.labels is not None


def test_a_generator_without_classes_takes_no_labels(plain_checkpoint: Checkpoint) -> None:
    assert draw_latents(plain_checkpoint.spec, range(3), np.array([1, 2, 0])).labels is None


@pytest.mark.parametrize("count", [1, 4, 5])
def test_any_number_is_rendered(plain_checkpoint: Checkpoint, count: int) -> None:
    engine = InferenceEngine(plain_checkpoint, precision="float32", max_batch_size=4)
    assert len(render_latents(engine, draw_latents(engine.spec, range(count)))) == count


@pytest.mark.parametrize("kind", ["plain", "class"])
def test_the_best_for_a_seed_has_the_highest_logit_of_its_candidates(
    kind: str, request: pytest.FixtureRequest
) -> None:
    checkpoint = hold_tiny_discriminator(request.getfixturevalue(f"{kind}_checkpoint"))
    engine = InferenceEngine(checkpoint, precision="float32", max_batch_size=2)
    judge = Judge(checkpoint)
    labels = np.array([2, 0, 1]) if kind == "class" else None
    winners = winning_seeds(engine, judge, labels, count=3, best_of=4)
    for seed, winner in enumerate(winners):
        label = None if labels is None else int(labels[seed])
        logits = {
            candidate: judge.logit(
                engine.generate_pixels(sample_latents(engine.spec, [candidate], label))[0], label
            )
            for candidate in candidate_seeds(seed, 4)
        }
        assert logits[winner] == max(logits.values())
    assert winners != [0, 1, 2]

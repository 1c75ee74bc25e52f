"""The images that a checkpoint makes, drawn as the service draws them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from model.candidates import candidate_seeds, choose_winners
from model.inference import InferenceEngine
from model.judge import Judge
from model.latents import Latents, sample_latents
from model.spec import GeneratorSpec


def draw_latents(
    spec: GeneratorSpec, seeds: Sequence[int], labels: NDArray[np.int64] | None = None
) -> Latents:
    """Return the latents of the seeds, with `labels` (n,) instead of drawn ones if given."""
    latents = sample_latents(spec, seeds)
    if labels is None or latents.labels is None:
        return latents
    return Latents(latents.z, labels.astype(np.int64))


def winning_seeds(
    engine: InferenceEngine,
    judge: Judge,
    labels: NDArray[np.int64] | None,
    count: int,
    best_of: int,
    show_progress: bool = False,
) -> list[int]:
    """Return for seeds 0 to `count` - 1 the best of `best_of` candidates each, as the service."""
    winners = []
    for seed in tqdm(range(count), desc="candidates", unit="seed", disable=not show_progress):
        seeds = candidate_seeds(seed, best_of)
        own = None if labels is None else labels[[seed] * best_of]
        latents = draw_latents(engine.spec, seeds, own)
        told = [None] * best_of if latents.labels is None else latents.labels.tolist()
        logits = list(map(judge.logit, render_latents(engine, latents), told))
        winners.append(seeds[choose_winners(logits, best_of)[0]])
    return winners


def render_latents(
    engine: InferenceEngine, latents: Latents, show_progress: bool = False
) -> NDArray[np.uint8]:
    """Render any number of latents as pixels (n, h, w, c)."""
    parts = []
    with tqdm(total=len(latents), desc="samples", unit="img", disable=not show_progress) as bar:
        for part in latents.split(engine.facts.batch_shapes[-1]):
            parts.append(engine.generate_pixels(part))
            bar.update(len(part))
    return np.concatenate(parts)

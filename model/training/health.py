"""How a run is doing, as numbers, and what they mean."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from model.training.diversity import mean_pairwise_distance, nearest_distances
from model.training.losses import LOSSES
from model.training.state import TrainingState
from model.training.train_step import StepLosses

HEALTHY_DIVERSITY = 0.6  # of the data's; a state that has it may be returned to
COLLAPSED_DIVERSITY = 0.35
_TWINS = 0.25  # the share of samples that look like another one, from which a run is collapsed
_SILENT_GRADIENT = 1e-3  # healthy ones are 0.1 to 30 at every size seen
_SURE = 0.99
# Untrained samples are grey and alike: only what was diverse can collapse. A run that is not
# even then, after as many moves of its generator, never will be.
_WARM_UP_MOVES = 4000


@dataclass(frozen=True)
class DataDistances:
    """What the samples are measured by, in grey levels (see diversity.py)."""

    mean: float  # over all pairs
    nearest: float  # of the two most alike of 64

    @classmethod
    def of(cls, pixels: NDArray[np.uint8]) -> DataDistances:
        """Measure about 256 images from all over `pixels` (n, h, w, c)."""
        few = _spread(pixels, 64)
        nearest = float(nearest_distances(few).min()) if len(few) > 1 else 0.0
        return cls(mean_pairwise_distance(_spread(pixels, 256)), nearest)


@dataclass(frozen=True)
class Health:
    """One look at a run: 64 samples of the average, and the last step's gradients."""

    images_seen: int
    diversity: float  # the samples' mean pairwise distance over the data's; nan without any
    twins: float  # the share of samples nearer to another than half of the data's nearest pair
    real_sign: float
    discriminator_gradient: float
    generator_gradient: float
    is_saturated: bool  # no gradient reaches the generator, and none ever will
    is_finite: bool

    @property
    def is_good(self) -> bool:
        """Whether the run may be returned to this point."""
        is_diverse = math.isnan(self.diversity) or self.diversity >= HEALTHY_DIVERSITY
        return self.is_finite and is_diverse and self.twins < _TWINS / 2


def measure(
    state: TrainingState, losses: StepLosses, samples: NDArray[np.uint8], data: DataDistances
) -> Health:
    """Look at a run after a step, with 64 samples (64, h, w, c) of its average."""
    diversity = mean_pairwise_distance(samples) / data.mean if data.mean > 0 else math.nan
    twins = float((nearest_distances(samples) < data.nearest / 2).mean())
    real_sign, generator_gradient = float(losses.real_sign), _gradient_norm(state.generator)
    # Other losses may have small gradients and learn: the optimisers scale them.
    has_silence = LOSSES[state.config.loss].is_saturating and real_sign > _SURE
    return Health(
        images_seen=state.images_seen,
        diversity=diversity,
        twins=twins,
        real_sign=real_sign,
        discriminator_gradient=_gradient_norm(state.discriminator),
        generator_gradient=generator_gradient,
        is_saturated=has_silence and 0 < generator_gradient < _SILENT_GRADIENT,
        is_finite=state.is_finite,
    )


def diagnose(health: Health, was_diverse: bool, generator_moves: int) -> str | None:
    """Say in words what is wrong, None if nothing is.

    `was_diverse`: whether an earlier look found the samples diverse.
    """
    if not health.is_finite:
        return "weights are no longer finite"
    is_settled = was_diverse or generator_moves >= _WARM_UP_MOVES
    if is_settled and health.diversity < COLLAPSED_DIVERSITY:
        return f"samples are alike: diversity {health.diversity:.2f} of the data's"
    if is_settled and health.twins >= _TWINS:
        return f"samples repeat: {health.twins:.0%} look like another one"
    if health.is_saturated:
        return "the discriminator is so sure that the generator gets no gradient"
    return None


def _gradient_norm(module: nn.Module) -> float:
    """Return the norm of the gradients that the last move left, 0 if there was none."""
    squares = [
        weight.grad.double().square().sum()
        for weight in module.parameters()
        if weight.grad is not None
    ]
    return float(torch.stack(squares).sum().sqrt()) if squares else 0.0


def _spread(pixels: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """Take about `count` images from all over: neighbours may be of one class."""
    return np.asarray(pixels[:: max(1, len(pixels) // count)][:count])

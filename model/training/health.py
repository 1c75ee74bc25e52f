"""How a run is doing, as numbers, and what they mean."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

from model.training.losses import LOSSES
from model.training.state import TrainingState
from model.training.train_step import StepLosses
from model.training.variety import Variety

HEALTHY_DIVERSITY = 0.6  # of the data's; a state that has it may be returned to
COLLAPSED_DIVERSITY = 0.35
HEALTHY_STRUCTURE = 0.65  # the same of structure; docs/collapse.md has what was seen
COLLAPSED_STRUCTURE = 0.45
_TWINS = 0.25  # the share of samples that look like another one, from which a run is collapsed
_SILENT_GRADIENT = 1e-3  # healthy ones are 0.1 to 30 at every size seen
_SURE = 0.99
# Untrained samples are grey and alike: only what was diverse can collapse. A run that is not
# even then, after as many moves of its generator, never will be.
_WARM_UP_MOVES = 4000
# Structure comes early: after 80 moves under the default recipe, 640 in the slowest run that came
# to it by itself.
_STRUCTURE_MOVES = 1000


@dataclass(frozen=True)
class Health:
    """One look at a run: 64 samples of the average, and the last step's gradients."""

    images_seen: int
    variety: Variety
    real_sign: float
    discriminator_gradient: float
    generator_gradient: float
    is_saturated: bool  # no gradient reaches the generator, and none ever will
    is_finite: bool

    @property
    def is_good(self) -> bool:
        """Whether the run may be returned to this point."""
        variety = self.variety
        is_diverse = math.isnan(variety.diversity) or variety.diversity >= HEALTHY_DIVERSITY
        is_structured = math.isnan(variety.structure) or variety.structure >= HEALTHY_STRUCTURE
        return self.is_finite and is_diverse and is_structured and variety.twins < _TWINS / 2


def measure(state: TrainingState, losses: StepLosses, variety: Variety) -> Health:
    """Look at a run after a step, whose average's samples have this variety."""
    real_sign, generator_gradient = float(losses.real_sign), _gradient_norm(state.generator)
    # Other losses may have small gradients and learn: the optimisers scale them.
    has_silence = LOSSES[state.config.loss].is_saturating and real_sign > _SURE
    return Health(
        images_seen=state.images_seen,
        variety=variety,
        real_sign=real_sign,
        discriminator_gradient=_gradient_norm(state.discriminator),
        generator_gradient=generator_gradient,
        is_saturated=has_silence and 0 < generator_gradient < _SILENT_GRADIENT,
        is_finite=state.is_finite,
    )


@dataclass(frozen=True)
class Past:
    """Whether a look has found the run good, and for how long its generator has learnt."""

    was_diverse: bool
    generator_moves: int


def diagnose(health: Health, past: Past) -> str | None:
    """Say in words what is wrong, None if nothing is."""
    if not health.is_finite:
        return "weights are no longer finite"
    if reason := sameness(health.variety, past):
        return reason
    if health.is_saturated:
        return "the discriminator is so sure that the generator gets no gradient"
    return None


def sameness(variety: Variety, past: Past) -> str | None:
    """Say in words how samples are too much alike, None if they are not."""
    is_settled = past.was_diverse or past.generator_moves >= _WARM_UP_MOVES
    if is_settled and variety.diversity < COLLAPSED_DIVERSITY:
        return f"samples are alike: diversity {variety.diversity:.2f} of the data's"
    if is_settled and variety.twins >= _TWINS:
        return f"samples repeat: {variety.twins:.0%} look like another one"
    is_formed = past.was_diverse or past.generator_moves >= _STRUCTURE_MOVES
    if is_formed and variety.structure < COLLAPSED_STRUCTURE:
        return f"samples have few structures: {variety.structure:.2f} of the data's"
    return None


def _gradient_norm(module: nn.Module) -> float:
    """Return the norm of the gradients that the last move left, 0 if there was none."""
    squares = [
        weight.grad.double().square().sum()
        for weight in module.parameters()
        if weight.grad is not None
    ]
    return float(torch.stack(squares).sum().sqrt()) if squares else 0.0

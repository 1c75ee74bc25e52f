"""What is changed of a run that has collapsed: three rungs, each stronger than the last.

The generator is kept: it is what the user waits for. What is changed is who judges it.
"""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import dataclass
from typing import Any

from model.training.config import TrainConfig
from model.training.presets import PRESETS
from model.training.state import TrainingState

RUNGS = 3


@dataclass(frozen=True)
class Adjustment:
    """A changed recipe, whether it starts a new discriminator, and what to tell of it."""

    config: TrainConfig
    has_new_discriminator: bool
    words: str


def adjust(config: TrainConfig, attempt: int, is_diverging: bool) -> Adjustment:
    """Return rung number `attempt`, from 1; past the last it is the last again.

    Whatever the rung, first of all another game, that of preset `dcgan`: relativistic pairs
    with R1 and R2, whose equilibrium is stable (Huang et al., 2024). These need a
    discriminator without batch normalisation, so a new one begins; it has learnt to tell
    fakes again long before the generator has moved far. Where the game is this one already:

    1. Four times as flat a discriminator: the generator collapses toward what a sharp one
       lets pass.
    2. The same again, and a new discriminator.
    3. The same again, and both at half the rate.

    Where weights ceased to be finite, every rung halves both rates as well.
    """
    is_robust = config.r1_gamma > 0 and all(
        getattr(config, name) == _ROBUST_GAME[name] for name in _ESSENTIAL
    )
    changes: dict[str, Any]
    if is_robust:
        is_new = attempt == 2
        changes = {"r1_gamma": 4 * config.r1_gamma}
        words = f"r1_gamma is {changes['r1_gamma']:g}"
        words += ", with a new discriminator" if is_new else ""
    else:
        is_new = True
        changes = dict(_ROBUST_GAME)
        words = "relativistic pairs with R1 and R2, and a new discriminator"
    if attempt >= RUNGS or is_diverging:
        changes["learning_rate"] = config.learning_rate / 2
        words += ", both learn half as fast"
    return Adjustment(dataclasses.replace(config, **changes), is_new, words)


# Momentum is part of it: with beta1 0.5 the same game collapsed within 8,000 images.
_GAME = (
    *("loss", "discriminator_normalisation", "penalty", "r1_gamma", "penalty_interval"),
    *("penalty_weight", "weight_clip", "label_smoothing", "n_critic", "discriminator_rate"),
    *("optimiser", "beta1", "beta2", "lr_decay_start_kimg", "ema_halflife_kimg"),
    "gamma_decay_start_kimg",
)
_ROBUST_GAME: dict[str, Any] = {name: getattr(PRESETS["dcgan"], name) for name in _GAME}
# A game that differs in these is another one.
_ESSENTIAL = ("loss", "penalty", "n_critic", "optimiser", "beta1", "beta2")


def rebuild(good: TrainingState, adjustment: Adjustment) -> TrainingState:
    """Return `good` under the changed recipe, at its step, sharing nothing with it."""
    state = TrainingState(adjustment.config, good.spec, dict(good.facts), good.device)
    before, after = (
        dataclasses.replace(each.config.discriminator_spec(good.spec), auxiliary_outputs=0)
        for each in (good, state)
    )
    begins_anew = []
    if adjustment.has_new_discriminator or before != after:
        begins_anew += ["discriminator", "discriminator_optimizer"]
    elif good.config.attributes != state.config.attributes:
        begins_anew += ["discriminator", "discriminator_optimizer"]
        _keep_all_but_second_head(good, state)
    if _moments(good.config) != _moments(state.config):
        begins_anew += ["generator_optimizer", "discriminator_optimizer"]
    state.take_over(good, begins_anew)
    return state


def _keep_all_but_second_head(good: TrainingState, state: TrainingState) -> None:
    weights = good.discriminator.state_dict().items()
    kept = {name: weight for name, weight in weights if not name.startswith("auxiliary.")}
    state.discriminator.load_state_dict(copy.deepcopy(kept), strict=False)


def _moments(config: TrainConfig) -> tuple[str, float, float]:
    """Return what an optimiser's moments are of; those of another are of no use."""
    return config.optimiser, config.beta1, config.beta2

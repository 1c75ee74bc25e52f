"""What a recipe may say: the range of every value, and which do not go together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from model.discriminators import NORMALISATIONS
from model.training.augment import AUGMENTATIONS
from model.training.losses import LOSSES

if TYPE_CHECKING:
    from model.training.config import TrainConfig

PENALTIES = ("none", "r1-r2", "wgan-gp", "dragan")
OPTIMISERS = ("adam", "rmsprop")
CONDITIONINGS = ("projection", "acgan")

_CHOICES = {
    "loss": tuple(LOSSES),
    "discriminator_normalisation": NORMALISATIONS,
    "penalty": PENALTIES,
    "optimiser": OPTIMISERS,
    "conditioning": CONDITIONINGS,
    "augment": AUGMENTATIONS,
}


def _is_weight(value: float) -> bool:
    return 0 <= value < math.inf


def _is_positive(value: float) -> bool:
    return 0 < value < math.inf


def _is_share(value: float) -> bool:
    return 0 <= value < 1


_RANGES: dict[str, tuple[Callable[[float], bool], str]] = {
    "r1_gamma": (_is_weight, "must not be negative"),
    "penalty_weight": (_is_weight, "must not be negative"),
    "weight_clip": (_is_weight, "must not be negative"),
    "lr_decay_start_kimg": (_is_weight, "must not be negative"),
    "gamma_decay_start_kimg": (_is_weight, "must not be negative"),
    "ema_halflife_kimg": (_is_weight, "must not be negative"),
    "code_weight": (_is_weight, "must not be negative"),
    "attribute_weight": (_is_weight, "must not be negative"),
    "code_categories": (_is_weight, "must not be negative"),
    "code_continuous": (_is_weight, "must not be negative"),
    "learning_rate": (_is_positive, "must be positive"),
    "discriminator_rate": (_is_positive, "must be positive"),
    "ada_kimg": (_is_positive, "must be positive"),
    "penalty_interval": (_is_positive, "must be positive"),
    "n_critic": (_is_positive, "must be positive"),
    "pack": (_is_positive, "must be positive"),
    "beta1": (_is_share, "must be from 0 to less than 1"),
    "beta2": (_is_share, "must be from 0 to less than 1"),
    "label_smoothing": (
        lambda value: 0 <= value < 0.5,
        "must be from 0 to less than 0.5, or real would mean fake",
    ),
    "batch_size": (
        lambda value: value >= 2,
        "must be at least 2, or batch normalisation has no batch",
    ),
    "seed": (lambda value: 0 <= value < 2**32, "must be from 0 to 4294967295"),
}


class ConfigError(ValueError):
    """A training configuration that is out of range or cannot be read."""


def check_recipe(config: TrainConfig) -> None:
    """Raise ConfigError with what is wrong first, and what to do about it."""
    for complaint in _complaints(config):
        raise ConfigError(complaint)


def _complaints(config: TrainConfig) -> Iterator[str]:
    yield from _out_of_range(config)
    yield from _penalty_conflicts(config)
    yield from _game_conflicts(config)
    yield from _judging_conflicts(config)


def _out_of_range(config: TrainConfig) -> Iterator[str]:
    for name, choices in _CHOICES.items():
        value = getattr(config, name)
        if value not in choices:
            yield f"unknown {name} {value!r}; there are: {', '.join(choices)}"
    for name, (is_allowed, words) in _RANGES.items():
        if not is_allowed(getattr(config, name)):
            yield f"{name} {words}"


def _penalty_conflicts(config: TrainConfig) -> Iterator[str]:
    if config.has_penalty and config.discriminator_normalisation == "batch":
        yield (
            f"the gradient penalty {config.penalty} needs a discriminator without batch "
            "normalisation, which mixes the gradients of neighbours: take discriminator_"
            "normalisation none or layer"
        )
    if config.r1_gamma and config.penalty != "r1-r2":
        yield f"r1_gamma weighs the penalty r1-r2, but this recipe's is {config.penalty}"
    if config.penalty_weight and config.penalty not in ("wgan-gp", "dragan"):
        yield f"penalty_weight weighs wgan-gp or dragan, but this recipe's is {config.penalty}"


def _game_conflicts(config: TrainConfig) -> Iterator[str]:
    if config.label_smoothing and not LOSSES[config.loss].has_probabilities:
        yield (
            f"label_smoothing needs a loss that says how probable real is, not {config.loss}: "
            "take minimax or non-saturating"
        )
    if config.weight_clip and config.discriminator_normalisation == "spectral":
        yield "weight_clip and spectral normalisation both bound the critic: take one"
    is_lipschitz = (
        config.weight_clip or config.has_penalty or config.discriminator_normalisation == "spectral"
    )
    if config.loss == "wasserstein" and not is_lipschitz:
        yield (
            "the loss wasserstein needs a critic that is bounded: give a weight_clip, a penalty "
            "or spectral normalisation"
        )


def _judging_conflicts(config: TrainConfig) -> Iterator[str]:
    if config.batch_size % config.pack:
        yield f"batch_size must be a multiple of pack, which is {config.pack}"
    if config.pack > 1 and (config.is_conditional or config.further_outputs):
        yield "pack judges images together, whose classes or codes differ: train with pack 1"
    if config.code_categories == 1:
        yield "code_categories must be 0 or at least 2: one category says nothing"
    if config.further_outputs > config.z_dim:
        yield f"codes or attributes take {config.further_outputs} of z's {config.z_dim} coordinates"
    if config.attributes and (config.codes.outputs or config.has_classes_to_find):
        yield "the discriminator finds attributes, or classes (acgan), or codes: take one of them"
    if len(set(config.attributes)) < len(config.attributes):
        yield "an attribute is named twice"
    if config.codes.outputs and config.has_classes_to_find:
        yield "the discriminator finds either classes (acgan) or codes: drop one"

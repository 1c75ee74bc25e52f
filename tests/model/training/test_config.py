"""Claims on recipes: the presets are what their papers say, and nonsense is refused."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from model.discriminators import DISCRIMINATORS
from model.generators import GENERATORS
from model.spec import SpecError
from model.training.config import PARTNERS, ConfigError, TrainConfig
from model.training.presets import PRESETS

ROBUST, PAPER = PRESETS["dcgan"], PRESETS["dcgan-2015"]


def test_the_paper_preset_is_the_paper() -> None:
    # Radford et al., 2016, section 4: Adam 2e-4 with beta1 0.5, no tricks that came later.
    assert PAPER.loss == "non-saturating"
    assert (PAPER.discriminator, PAPER.discriminator_normalisation) == ("dcgan", "batch")
    assert (PAPER.learning_rate, PAPER.beta1, PAPER.beta2) == (2e-4, 0.5, 0.999)
    assert (PAPER.r1_gamma, PAPER.ema_halflife_kimg, PAPER.lr_decay_start_kimg) == (0, 0, 0)
    assert PAPER.z_dim == 100


def test_the_default_preset_is_relativistic_penalised_and_averaged() -> None:
    assert ROBUST.loss == "relativistic"
    assert (ROBUST.discriminator, ROBUST.discriminator_normalisation) == ("dcgan", "none")
    assert ROBUST.r1_gamma > 0
    assert ROBUST.ema_halflife_kimg > 0


def test_both_presets_share_the_generator() -> None:
    assert ROBUST.generator_spec(0) == PAPER.generator_spec(0)


@pytest.mark.parametrize("name", PRESETS)
def test_json_keeps_every_field(name: str) -> None:
    config = dataclasses.replace(PRESETS[name], seed=9, img_channels=1, ada_kimg=7.0)
    assert config.preset == name
    assert TrainConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("loss", "dice", "unknown loss 'dice'; there are: minimax, non-saturating"),
        ("batch_size", 1, "batch_size must be at least 2"),
        ("batch_size", -64, "batch_size must be at least 2"),
        ("penalty_interval", 0, "penalty_interval must be positive"),
        ("r1_gamma", -1.0, "r1_gamma must not be negative"),
        ("r1_gamma", float("nan"), "r1_gamma must not be negative"),
        ("r1_gamma", float("inf"), "r1_gamma must not be negative"),
        ("ema_halflife_kimg", -1.0, "ema_halflife_kimg must not be negative"),
        (
            "discriminator_normalisation",
            "batch",
            "needs a discriminator without batch normalisation",
        ),
        ("seed", -1, "seed must be from 0 to 4294967295"),
        ("seed", 2**32, "seed must be from 0 to 4294967295"),
    ],
)
def test_a_value_out_of_range_is_named(field: str, value: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        dataclasses.replace(ROBUST, **{field: value})


@pytest.mark.parametrize(
    ("preset", "changes", "words"),
    [
        ("wgan-gp", {"discriminator_normalisation": "batch"}, "mixes the gradients of neighbours"),
        ("dragan", {"discriminator_normalisation": "batch"}, "normalisation none or layer"),
        ("wgan-gp", {"r1_gamma": 1.0}, "r1_gamma weighs the penalty r1-r2"),
        ("dcgan", {"penalty_weight": 1.0}, "penalty_weight weighs wgan-gp or dragan"),
        ("sngan", {"label_smoothing": 0.1}, "take minimax or non-saturating"),
        ("vanilla", {"label_smoothing": 0.5}, "real would mean fake"),
        ("sngan", {"weight_clip": 0.01}, "both bound the critic: take one"),
        ("wgan", {"weight_clip": 0.0}, "give a weight_clip, a penalty or spectral normalisation"),
        ("pacgan2", {"batch_size": 7}, "batch_size must be a multiple of pack, which is 2"),
        ("pacgan2", {"is_conditional": True}, "train with pack 1"),
        ("infogan", {"pack": 2}, "train with pack 1"),
        ("infogan", {"z_dim": 11}, "codes or attributes take 12 of z's 11 coordinates"),
        ("infogan", {"code_categories": 1}, "one category says nothing"),
        ("acgan", {"code_continuous": 2}, "either classes .acgan. or codes: drop one"),
        ("dcgan", {"beta1": 1.0}, "beta1 must be from 0 to less than 1"),
        ("dcgan", {"augment": "flip"}, "there are: none, diffaugment, ada"),
        ("dcgan", {"n_critic": 0}, "n_critic must be positive"),
    ],
)
def test_what_does_not_go_together_is_refused_with_what_to_do(
    preset: str, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        dataclasses.replace(PRESETS[preset], **changes)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("img_resolution", 72),
        ("img_resolution", 512),
        ("img_width", 50),
        ("img_channels", 5),
        ("base_channels", 0),
        ("attention_resolution", 12),
        ("architecture", "biggan"),
        ("discriminator", "biggan"),
    ],
)
def test_a_network_that_cannot_be_is_refused_before_any_data(field: str, value: Any) -> None:
    with pytest.raises(SpecError, match=str(value) if field == "img_width" else field):
        dataclasses.replace(ROBUST, **{field: value})


def test_networks_without_what_a_recipe_asks_for_are_refused_before_any_data() -> None:
    with pytest.raises(SpecError, match="mlp has no place for self-attention"):
        dataclasses.replace(ROBUST, architecture="mlp", attention_resolution=16)
    with pytest.raises(SpecError, match="residual discriminator has no normalisation 'layer'"):
        dataclasses.replace(ROBUST, discriminator="residual", discriminator_normalisation="layer")


def test_every_generator_has_a_partner() -> None:
    for architecture in GENERATORS.keys() - {"stack"}:  # which is imported, never trained
        config = dataclasses.replace(
            ROBUST, architecture=architecture, discriminator=PARTNERS[architecture]
        )
        assert config.discriminator in DISCRIMINATORS


@pytest.mark.parametrize("attention", [None, 8])
def test_both_networks_have_attention_or_neither(attention: int | None) -> None:
    config = dataclasses.replace(ROBUST, attention_resolution=attention)
    assert config.generator_spec(0).attention_resolution == attention
    assert config.discriminator_spec(config.generator_spec(2)).has_attention == (
        attention is not None
    )


def test_the_generator_has_the_data_sets_classes_only_if_conditional() -> None:
    assert ROBUST.generator_spec(7).num_classes == 0
    assert dataclasses.replace(ROBUST, is_conditional=True).generator_spec(7).num_classes == 7


@pytest.mark.parametrize("classes", [0, 1])
def test_a_conditional_run_needs_two_classes(classes: int) -> None:
    with pytest.raises(ConfigError, match="at least two classes"):
        dataclasses.replace(ROBUST, is_conditional=True).generator_spec(classes)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", json.dumps({**dataclasses.asdict(ROBUST), "depth": 3})]
)
def test_what_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="the run's configuration cannot be read"):
        TrainConfig.from_json(text)

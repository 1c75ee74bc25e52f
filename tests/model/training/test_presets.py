"""Claims on the presets: each is its paper's recipe, told in one line."""

from __future__ import annotations

import pytest

from model.preset_lines import PRESET_LINES
from model.training.presets import PRESET_CATALOGUE, PRESETS


def test_help_knows_the_presets_and_no_others() -> None:
    assert list(PRESET_LINES) == list(PRESETS)
    assert all(len(line) < 90 for line in PRESET_LINES.values())


# What each paper prescribes: loss, penalty and its weight, normalisation of D, moves, Adam's
# or RMSprop's rate, beta1, beta2.
PAPERS = {
    "vanilla": ("non-saturating", "none", 0, "none", 1, 2e-4, 0.5, 0.999),
    "lsgan": ("least-squares", "none", 0, "batch", 1, 2e-4, 0.5, 0.999),
    "wgan-gp": ("wasserstein", "wgan-gp", 10, "layer", 5, 1e-4, 0.0, 0.9),
    "sngan": ("hinge", "none", 0, "spectral", 1, 2e-4, 0.5, 0.999),
    "dragan": ("non-saturating", "dragan", 10, "none", 1, 2e-4, 0.5, 0.999),
    "ragan": ("relativistic-average", "none", 0, "spectral", 1, 2e-4, 0.5, 0.999),
    "pacgan2": ("non-saturating", "none", 0, "batch", 1, 2e-4, 0.5, 0.999),
    "acgan": ("non-saturating", "none", 0, "batch", 1, 2e-4, 0.5, 0.999),
    "infogan": ("non-saturating", "none", 0, "batch", 1, 2e-4, 0.5, 0.999),
}


@pytest.mark.parametrize("name", PAPERS)
def test_a_preset_is_its_paper(name: str) -> None:
    config = PRESETS[name]
    assert PAPERS[name] == (
        config.loss,
        config.penalty,
        config.penalty_weight,
        config.discriminator_normalisation,
        config.n_critic,
        config.learning_rate,
        config.beta1,
        config.beta2,
    )


def test_wgan_is_algorithm_1() -> None:
    wgan = PRESETS["wgan"]
    assert (wgan.optimiser, wgan.learning_rate, wgan.weight_clip) == ("rmsprop", 5e-5, 0.01)
    assert (wgan.n_critic, wgan.batch_size, wgan.loss) == (5, 64, "wasserstein")


def test_the_variants_of_dcgan_change_what_their_papers_change() -> None:
    assert PRESETS["pacgan2"].pack == 2
    assert (PRESETS["infogan"].code_categories, PRESETS["infogan"].code_continuous) == (10, 2)
    assert PRESETS["acgan"].has_classes_to_find
    projection = PRESETS["cgan-projection"]
    assert projection.is_conditional
    assert not projection.has_classes_to_find


def test_every_preset_names_a_paper_with_its_year() -> None:
    for name, preset in PRESET_CATALOGUE.items():
        assert preset.config.preset == name
        assert "20" in preset.paper
        assert preset.line == PRESET_LINES[name]

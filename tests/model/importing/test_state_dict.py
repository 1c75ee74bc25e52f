"""Claims on finding the generator's tensors in what a training script saved."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from model.importing.import_error import ForeignError
from model.importing.state_dict import find_state_dict

G = {"main.0.weight": torch.full((2,), 1.0)}
D = {"main.0.weight": torch.full((2,), 2.0)}
EMA = {"main.0.weight": torch.full((2,), 3.0)}


def is_generator(content: Any, key: str | None = None, value: float = 1.0) -> bool:
    found = find_state_dict(content, key)
    return list(found) == ["main.0.weight"] and bool((found["main.0.weight"] == value).all())


@pytest.mark.parametrize(
    "name", ["netG", "generator", "G", "netG_state_dict", "model_state_dict", "state_dict"]
)
def test_a_generator_is_known_by_its_usual_names(name: str) -> None:
    assert is_generator({"netD": D, name: G, "optimizer": {"state": {}}, "epoch": 3})


def test_an_average_is_taken_before_the_raw_weights() -> None:
    assert is_generator({"netG": G, "netD": D, "avgG": EMA}, value=3.0)
    assert is_generator({"G": G, "g_ema": EMA}, value=3.0)


def test_prefixes_of_whole_models_and_wrappers_are_left_out() -> None:
    both = {f"generator.{name}": value for name, value in G.items()}
    both |= {f"discriminator.{name}": value for name, value in D.items()}
    assert is_generator({"state_dict": both})
    assert is_generator({f"module._orig_mod.{name}": value for name, value in G.items()})


def test_a_key_is_followed_through_dictionaries_and_prefixes() -> None:
    content = {"nets": {"mine": G, "yours": D}}
    assert is_generator(content, "nets/mine")
    assert is_generator({"sd": {"a.b.main.0.weight": G["main.0.weight"]}}, "sd/a.b")
    with pytest.raises(ForeignError, match="no tensors under --key nets/other"):
        find_state_dict(content, "nets/other")


def test_where_it_is_not_plain_the_flag_and_the_choices_are_named() -> None:
    with pytest.raises(ForeignError, match="say --key with one of: apples, pears"):
        find_state_dict({"apples": G, "pears": D}, None)


@pytest.mark.parametrize("content", [None, [1], torch.ones(2), "netG"])
def test_what_is_no_dictionary_is_refused(content: Any) -> None:
    with pytest.raises(ForeignError, match="not a dictionary of tensors"):
        find_state_dict(content, None)


def test_spectral_normalisation_without_its_vectors_is_refused() -> None:
    with pytest.raises(ForeignError, match=r"singular vectors of 'c\.weight_orig' are missing"):
        find_state_dict({"c.weight_orig": torch.ones(2, 2)}, None)

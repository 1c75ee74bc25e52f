from __future__ import annotations

import pytest

from app.dialects.prompts import Prompt, read_prompt
from app.errors import InvalidRequest

DIGITS = tuple("0123456789")
SPICES = ("Cat", "salt and pepper", "the sea")


@pytest.mark.parametrize(
    ("text", "names", "meant"),
    [
        ("seed 7", (), Prompt(seed=7)),
        ("7", (), Prompt(seed=7)),
        ("7", DIGITS, Prompt(label=7)),
        ("a seven", DIGITS, Prompt(label=7)),
        ("An image of a SEVEN,  seed 12", DIGITS, Prompt(seed=12, label=7)),
        ("12", DIGITS, Prompt(seed=12)),
        ("seed 3 and seven", DIGITS, Prompt(seed=3, label=7)),
        ("random", DIGITS, Prompt()),
        ("a cat with truncation 0.5", SPICES, Prompt(label=0, truncation=0.5)),
        ("salt and pepper", SPICES, Prompt(label=1)),
        ("the sea", SPICES, Prompt(label=2)),
        ("sea, seed 1", SPICES, Prompt(seed=1, label=2)),
    ],
)
def test_a_prompt_means_what_the_grammar_says(
    text: str, names: tuple[str, ...], meant: Prompt
) -> None:
    assert read_prompt(text, names) == meant


@pytest.mark.parametrize(
    "text",
    [
        *("a dog", "cat cat", "seed", "seed -1", "seed 1.5", "seed 9007199254740992", "cat,"),
        *("cat, cat", "seed 1, seed 2", "truncation 2", "truncation nan", ",", " ", "seven"),
        *("cat; seed 1", "__import__('os')", "\u0667", "seed \u0667", "a" * 1000),
    ],
)
def test_what_it_cannot_mean_is_refused_and_told_what_it_could(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^prompt: (this model understands a class|names)"):
        read_prompt(text, SPICES)


@pytest.mark.parametrize(
    "meant", [Prompt(), Prompt(5), Prompt(label=1), Prompt(5, 2, 0.25), Prompt(truncation=0.0)]
)
def test_what_is_written_is_read_back(meant: Prompt) -> None:
    names = ("cat", "dog", "7")
    assert read_prompt(meant.write(names), names) == meant

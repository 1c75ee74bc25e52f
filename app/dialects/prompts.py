"""What a prompt may say to a generator that was never told any words.

    prompt  = phrase, then more phrases after "," or " and " or " with "
    phrase  = "seed" NUMBER          the seed
            | CLASS                  a class of the model by name; "seven" for a class "7"
            | NUMBER                 a class of that name, or else the seed
            | "truncation" NUMBER    from 0 to 1
            | "random"               a seed drawn by the server, as when none is named

Case does not matter, nor do "a", "an", "the", "image of", "picture of" and "photo of" before
a phrase. Whatever else is said is refused, and told what could have been said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.errors import InvalidRequest
from model.latents import MAX_SEED

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SEPARATOR = re.compile(r",| and | with ")
_FILLER = re.compile(r"(?:(?:a|an|the|image of|picture of|photo of) )+")
_SEED = re.compile(r"(?:seed )?(0|[1-9][0-9]{0,15})")
_TRUNCATION = re.compile(r"truncation (0|1|0?\.[0-9]{1,6}|[01]\.0{1,6})")
_MAX_CLASSES_TOLD = 12


@dataclass(frozen=True)
class Prompt:
    """What a prompt means: None is what it leaves open."""

    seed: int | None = None
    label: int | None = None
    truncation: float = 1.0

    def write(self, class_names: Sequence[str]) -> str:
        """Write the shortest prompt that means the same."""
        phrases = [] if self.label is None else [class_names[self.label]]
        phrases += ["random" if self.seed is None else f"seed {self.seed}"]
        if self.truncation != 1.0:
            phrases.append(f"truncation {self.truncation:g}")
        return ", ".join(phrases)


def read_prompt(text: str, class_names: Sequence[str]) -> Prompt:
    """Read a prompt to a model with these classes; InvalidRequest says what could be meant."""
    classes = _words_of(class_names)
    whole = _plain(text)
    if whole in classes:  # a class may be named "salt and pepper"
        return Prompt(label=classes[whole])
    found: dict[str, float] = {}
    for phrase in _SEPARATOR.split(whole):
        for field, value in _read_phrase(_plain(phrase), classes, class_names).items():
            if field in found:
                raise InvalidRequest("prompt", f"names the {field} twice")
            found[field] = value
    seed, label = found.get("seed"), found.get("class")
    return Prompt(
        None if seed is None else int(seed),
        None if label is None else int(label),
        found.get("truncation", 1.0),
    )


def _plain(text: str) -> str:
    """Lower the case, make every space one, and leave out what means nothing."""
    return _FILLER.sub("", " ".join(text.lower().split()), count=1)


def _words_of(class_names: Sequence[str]) -> dict[str, int]:
    """Return what each class may be called; a name of its own goes before a number's word."""
    words = {
        _DIGITS[int(name)]: index
        for index, name in enumerate(class_names)
        if len(name) == 1 and name in "0123456789"
    }
    return words | {_plain(name): index for index, name in enumerate(class_names)}


def _read_phrase(
    phrase: str, classes: dict[str, int], class_names: Sequence[str]
) -> dict[str, float]:
    if phrase in classes:
        return {"class": classes[phrase]}
    if phrase == "random":
        return {}
    if match := _TRUNCATION.fullmatch(phrase):
        return {"truncation": float(match[1])}
    match = _SEED.fullmatch(phrase)
    if match and int(match[1]) <= MAX_SEED:
        return {"seed": int(match[1])}
    named = [f"'{name}'" for name in class_names[:_MAX_CLASSES_TOLD]]
    more = ", ..." if len(class_names) > len(named) else ""
    of_classes = f"a class ({', '.join(named)}{more}), " if named else ""
    raise InvalidRequest(
        "prompt",
        f"this model understands {of_classes}'seed 7', 'truncation 0.7' and 'random', "
        "with commas between them, and no other words",
    )

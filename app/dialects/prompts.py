"""What a prompt may say to a generator that was never told any words.

    prompt    = phrase, then more after "," or " and " or " with ", and before " without "
    phrase    = "seed" NUMBER            the seed
              | CLASS                    a class of the model by name; "seven" for a class "7"
              | "class" NUMBER           a class by its index, where names differ in case alone
              | NUMBER                   a class of that name, or else the seed
              | "truncation" NUMBER      from 0 to 1
              | "random"                 a seed drawn by the server, as when none is named
              | ATTRIBUTE [NUMBER]       an edit along a direction of the model
              | ("no" | "without") ATTRIBUTE  the same edit to the other side
              | SUBJECT                  what the model draws, "face" of `faces-64`: nothing new

An edit is as strong as its direction is listed, or as the number says. Case does not matter,
nor do "a", "an", "the", "image of", "picture of" and "photo of" before a phrase. Whatever else
is said is refused, and told what could have been said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.dialects.vocabulary import Vocabulary, strip
from app.errors import InvalidRequest
from model.edits import MAX_EDIT_STRENGTH, Edits, make_edits
from model.latents import MAX_SEED

_JOINT = re.compile(r"(,? and with |,? with |,? (?=without )|, and |,| and |^with )")
_SEED = re.compile(r"(?:seed )?(0|[1-9][0-9]{0,15})")
_TRUNCATION = re.compile(r"truncation (0|1|0?\.[0-9]{1,6}|[01]\.0{1,6})")
_MAX_PHRASES_TOLD = 5
_MAX_TOLD = 60
_NEGATION = re.compile(r"(?:no|without) (.+)")
_STRENGTH = re.compile(r"(.+) ([+-]?[0-9]{1,2}(?:\.[0-9]{1,4})?)")


@dataclass(frozen=True)
class Prompt:
    """What a prompt means: None is what it leaves open."""

    seed: int | None = None
    label: int | None = None
    truncation: float = 1.0
    edits: Edits = ()

    def write(self, vocabulary: Vocabulary) -> str:
        """Write the shortest prompt that means the same."""
        phrases = [] if self.label is None else [vocabulary.name_class(self.label)]
        phrases += [_write_edit(name, strength, vocabulary) for name, strength in self.edits]
        phrases += ["random" if self.seed is None else f"seed {self.seed}"]
        if self.truncation != 1.0:
            phrases.append(f"truncation {self.truncation:g}")
        return ", ".join(phrases)


def read_prompt(text: str, vocabulary: Vocabulary) -> Prompt:
    """Read a prompt to a model with these words; InvalidRequest says what could be meant."""
    whole = strip(text)
    if whole in vocabulary.classes:
        return Prompt(label=vocabulary.find_class(whole))
    found, rest = _take_class(whole, vocabulary)
    edits: dict[str, float] = {}
    unknown: list[str] = []
    for phrase in _split(rest, vocabulary):
        if edit := _read_edit(phrase, vocabulary):
            _put(edits, *edit)
        elif phrase in vocabulary.subjects:
            continue
        elif (read := _read_phrase(phrase, vocabulary)) is None:
            unknown.append(phrase)
        else:
            for field, value in read.items():
                _put(found, field, value)
    if unknown:
        raise InvalidRequest("prompt", _describe_unknown(unknown, vocabulary))
    seed, label = found.get("seed"), found.get("class")
    return Prompt(
        None if seed is None else int(seed),
        None if label is None else int(label),
        found.get("truncation", 1.0),
        make_edits(edits),
    )


def _take_class(whole: str, vocabulary: Vocabulary) -> tuple[dict[str, float], str]:
    """Take the class that a prompt begins with and return what follows its joint.

    Before the prompt is split, since a class may be named "salt and pepper".
    """
    for name in sorted(vocabulary.classes, key=len, reverse=True):
        if whole.startswith(name) and (joint := _JOINT.match(whole, len(name))):
            return {"class": vocabulary.find_class(name)}, whole[joint.end() :]
    return {}, whole


def _split(whole: str, vocabulary: Vocabulary) -> Iterator[str]:
    """Give the phrases; "without glasses and beard" could mean either, and is refused."""
    joints = _JOINT.split(whole)
    if not joints[0] and joints[1:2] == ["with "]:
        del joints[:2]
    phrases = [strip(phrase) for phrase in joints[::2]]
    for before, joint, phrase in zip(phrases, joints[1::2], phrases[1:], strict=False):
        said = phrase in vocabulary.attributes and phrase not in vocabulary.classes
        if joint == " and " and said and _NEGATION.fullmatch(before):
            raise InvalidRequest(
                "prompt",
                f"it is not plain whether '{phrase}' after '{before}' is wanted: say "
                f"'no {phrase}' or 'with {phrase}'",
            )
    yield from phrases


def _read_edit(phrase: str, vocabulary: Vocabulary) -> tuple[str, float] | None:
    """Read an attribute, with its sign or strength; None if it is no attribute."""
    if phrase in vocabulary.classes:
        return None
    attributes = vocabulary.attributes
    if phrase in attributes:
        return attributes[phrase].name, attributes[phrase].strength
    if (match := _NEGATION.fullmatch(phrase)) and (word := strip(match[1])) in attributes:
        return attributes[word].name, -attributes[word].strength
    if (match := _STRENGTH.fullmatch(phrase)) and match[1] in attributes:
        strength = float(match[2])
        if abs(strength) > MAX_EDIT_STRENGTH:
            most = f"{MAX_EDIT_STRENGTH:g}"
            raise InvalidRequest("prompt", f"the strength of {match[1]} is from -{most} to {most}")
        return attributes[match[1]].name, strength
    return None


def _read_phrase(phrase: str, vocabulary: Vocabulary) -> dict[str, float] | None:
    """Read a class, a seed or a truncation; None if it is none of them."""
    if phrase in vocabulary.classes:
        return {"class": vocabulary.find_class(phrase)}
    if phrase == "random":
        return {}
    if match := _TRUNCATION.fullmatch(phrase):
        return {"truncation": float(match[1])}
    match = _SEED.fullmatch(phrase)
    if match and int(match[1]) <= MAX_SEED:
        return {"seed": int(match[1])}
    return None


def _describe_unknown(phrases: list[str], vocabulary: Vocabulary) -> str:
    """Say first what was not understood, then all that would be."""
    said = [f"'{phrase[:_MAX_TOLD]}'" for phrase in phrases[:_MAX_PHRASES_TOLD] if phrase]
    start = f"not understood: {', '.join(said)}; " if said else ""
    return (
        f"{start}this model understands {vocabulary.describe()}, with commas between them, and "
        "no other words"
    )


def _put(found: dict[str, float], name: str, value: float) -> None:
    if name in found:
        raise InvalidRequest("prompt", f"names the {name} twice")
    found[name] = value


def _write_edit(name: str, strength: float, vocabulary: Vocabulary) -> str:
    listed = next(entry.strength for entry in vocabulary.directions if entry.name == name)
    if strength == listed:
        return name
    return f"no {name}" if strength == -listed else f"{name} {strength:.4f}".rstrip("0").rstrip(".")

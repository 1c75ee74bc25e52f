"""`Vocabulary`: what one model can be asked for by name, and how that may be said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from app.errors import InvalidRequest
from model.directions import Direction

MeaningT = TypeVar("MeaningT")

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_ARTICLE = re.compile(r"(?:(?:a|an|the|image of|picture of|photo of) )*")
# Of `faces-64`: what its name says besides its size and the plural.
_NOUN = re.compile(r"([a-z]{3,}?)s?(?:[-_][0-9x]+)?")
_MAX_CLASSES_TOLD = 12
_MAX_DIRECTIONS_TOLD = 40


@dataclass(frozen=True)
class Vocabulary:
    """The classes and directions of a model, and its name."""

    class_names: Sequence[str] = ()
    directions: Sequence[Direction] = ()
    model: str = ""

    @cached_property
    def classes(self) -> dict[str, tuple[int, ...]]:
        """What each class may be called; a name of its own goes before a number's word.

        Names that differ in case alone are one word here, which means several classes.
        """
        indices = range(len(self.class_names))
        words = {f"class {index}": (index,) for index in indices}
        words |= {
            _DIGITS[int(name)]: (index,)
            for index, name in enumerate(self.class_names)
            if len(name) == 1 and name in "0123456789"
        }
        return words | _gather((strip(self.class_names[index]), index) for index in indices)

    def find_class(self, word: str) -> int:
        """Return the class that a word of `classes` means; InvalidRequest if it means several."""
        indices = self.classes[word]
        if len(indices) > 1:
            named = [f"'class {index}' ({self.class_names[index]})" for index in indices]
            raise InvalidRequest("prompt", f"'{word}' may be {' or '.join(named)}: say which")
        return indices[0]

    def name_class(self, index: int) -> str:
        """Return a word that means this class alone."""
        name = self.class_names[index]
        return name if self.classes[strip(name)] == (index,) else f"class {index}"

    @cached_property
    def attributes(self) -> dict[str, Direction]:
        """What each direction may be called: `hair-black` is "black hair" too.

        Those whose names differ in case alone cannot be told apart, and are not among them.
        """
        named = _gather((entry.name.lower(), entry) for entry in self.directions)
        plain = [entries[0] for entries in named.values() if len(entries) == 1]
        words = {entry.name.lower(): entry for entry in plain}
        for entry in plain:
            for word in _say(entry):
                words.setdefault(word, entry)
        return words

    @cached_property
    def subjects(self) -> frozenset[str]:
        """What every image of the model is, and so changes nothing: "face" of `faces-64`."""
        match = _NOUN.fullmatch(self.model.lower())
        return frozenset((match[1], f"{match[1]}s")) if match else frozenset()

    def describe(self) -> str:
        """Say what can be said, for whoever said something else."""
        attributes = [entry.name for entry in self.directions if entry.kind == "attribute"]
        named = attributes or [entry.name for entry in self.directions]
        parts = ["'seed 7'", "'truncation 0.7'", "'random'"]
        if named:
            listed = _list(named, _MAX_DIRECTIONS_TOLD)
            parts.insert(0, f"an attribute ({listed}), 'no' or 'without' one, a strength after it")
        if self.class_names:
            parts.insert(0, f"a class ({_list(self.class_names, _MAX_CLASSES_TOLD)})")
        return f"{', '.join(parts[:-1])} and {parts[-1]}"


def strip(text: str) -> str:
    """Lower the case, make every space one, and leave out what means nothing."""
    plain = " ".join(text.lower().split())
    article = _ARTICLE.match(plain)
    return plain[article.end() :] if article else plain


def _gather(pairs: Iterable[tuple[str, MeaningT]]) -> dict[str, tuple[MeaningT, ...]]:
    """Return what each word means, in order."""
    meanings: dict[str, tuple[MeaningT, ...]] = {}
    for word, meaning in pairs:
        meanings[word] = (*meanings.get(word, ()), meaning)
    return meanings


def _say(entry: Direction) -> Iterator[str]:
    """Say a name in words, a group of alternatives after the one that is meant."""
    parts = [part.replace("_", " ") for part in entry.name.lower().split("-")]
    yield " ".join(parts)
    if entry.kind == "attribute" and len(parts) == 2:
        yield f"{parts[1]} {parts[0]}"


def _list(names: Sequence[str], most: int) -> str:
    more = ", ..." if len(names) > most else ""
    return ", ".join(f"'{name}'" for name in names[:most]) + more

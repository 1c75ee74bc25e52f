from __future__ import annotations

import pytest

from app.dialects.prompts import Prompt, read_prompt
from app.dialects.vocabulary import Vocabulary
from app.errors import InvalidRequest
from model.directions import Direction

DIGITS = tuple("0123456789")
SPICES = ("Cat", "salt and pepper", "the sea")
FACES = Vocabulary(
    ("man", "beard"),
    (
        Direction("sefa-1", "sefa"),
        Direction("glasses", "attribute"),
        Direction("Beard", "attribute", strength=4),  # a class has the word already
        Direction("hair-black", "attribute", strength=2.5),
        Direction("hair_style-bob", "attribute"),
        Direction("hat", "attribute"),
    ),
    "faces-64",
)


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
        ("salt and pepper, and seed 7", SPICES, Prompt(seed=7, label=1)),
        ("salt and pepper with truncation 0.5", SPICES, Prompt(label=1, truncation=0.5)),
        ("the sea", SPICES, Prompt(label=2)),
        ("sea, seed 1", SPICES, Prompt(seed=1, label=2)),
        ("a zebra crossing", ("zebra crossing",), Prompt(label=0)),  # its own "a " is no article
    ],
)
def test_a_prompt_means_what_the_grammar_says(
    text: str, names: tuple[str, ...], meant: Prompt
) -> None:
    assert read_prompt(text, Vocabulary(names)) == meant


@pytest.mark.parametrize(
    "text",
    [
        *("a dog", "cat cat", "seed", "seed -1", "seed 1.5", "seed 9007199254740992", "cat,"),
        *("cat, cat", "seed 1, seed 2", "truncation 2", "truncation nan", ",", " ", "seven"),
        *("cat; seed 1", "__import__('os')", "\u0667", "seed \u0667", "a" * 1000),
    ],
)
def test_what_it_cannot_mean_is_refused_and_told_what_it_could(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^prompt: (.*this model understands a class|names)"):
        read_prompt(text, Vocabulary(SPICES))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("purpel hair", "'purpel hair'"),
        ("a face with purpel hair, hat and Grene  Eyes", "'purpel hair', 'grene eyes'"),
        ("z" * 1000, f"'{'z' * 60}'"),
    ],
)
def test_the_words_that_were_not_understood_are_said_first(text: str, words: str) -> None:
    said = f"prompt: not understood: {words}; this model understands "
    with pytest.raises(InvalidRequest) as raised:
        read_prompt(text, FACES)
    assert raised.value.detail.startswith(said)


def test_a_place_between_commas_that_holds_no_words_is_not_quoted() -> None:
    with pytest.raises(InvalidRequest, match=r"^prompt: this model understands"):
        read_prompt("hat,", FACES)


@pytest.mark.parametrize(
    "meant", [Prompt(), Prompt(5), Prompt(label=1), Prompt(5, 2, 0.25), Prompt(truncation=0.0)]
)
def test_what_is_written_is_read_back(meant: Prompt) -> None:
    words = Vocabulary(("cat", "dog", "7"))
    assert read_prompt(meant.write(words), words) == meant


@pytest.mark.parametrize("name", ["salt and pepper", "cup, red", "with cream", "cup without cream"])
def test_a_class_whose_name_looks_like_several_phrases_is_read_back(name: str) -> None:
    words = Vocabulary(("cup", name))
    meant = Prompt(5, 1, 0.5)
    assert read_prompt(meant.write(words), words) == meant


CASED = Vocabulary(("A", "cat", "a", "Cat"))


@pytest.mark.parametrize("text", ["Cat", "a cat", "CAT, seed 7", "seed 7 and cat", "a cat with a"])
def test_a_word_for_several_classes_is_refused_and_told_how_to_say_which(text: str) -> None:
    said = r"^prompt: 'cat' may be 'class 1' \(cat\) or 'class 3' \(Cat\): say which$"
    with pytest.raises(InvalidRequest, match=said):
        read_prompt(text, CASED)


@pytest.mark.parametrize("label", range(4))
def test_a_class_whose_name_differs_in_case_alone_is_written_by_its_index(label: int) -> None:
    meant = Prompt(7, label)
    assert meant.write(CASED) == f"class {label}, seed 7"
    assert read_prompt(meant.write(CASED), CASED) == meant


def test_a_class_of_its_own_called_by_a_number_goes_before_the_index() -> None:
    assert read_prompt("class 1", Vocabulary(("class 1", "cat"))) == Prompt(label=0)


def test_directions_whose_names_differ_in_case_alone_are_no_words() -> None:
    words = Vocabulary((), [Direction(name, "attribute") for name in ("hat", "Hat", "scarf")])
    with pytest.raises(InvalidRequest, match="not understood: 'hat'"):
        read_prompt("hat", words)
    assert read_prompt("scarf", words) == Prompt(edits=(("scarf", 3.0),))


@pytest.mark.parametrize(
    ("text", "edits"),
    [
        ("a face with glasses and a hat", {"glasses": 3, "hat": 3}),
        ("with glasses and with a hat", {"glasses": 3, "hat": 3}),
        ("glasses, hat", {"glasses": 3, "hat": 3}),
        ("Faces without glasses", {"glasses": -3}),
        ("without a hat and without the glasses", {"hat": -3, "glasses": -3}),
        ("a face, with glasses, a hat, and no sefa-1", {"glasses": 3, "hat": 3, "sefa-1": -3}),
        ("a face, without glasses, and without a hat", {"glasses": -3, "hat": -3}),
        ("no glasses and with a hat", {"glasses": -3, "hat": 3}),
        ("a face without glasses, a hat", {"glasses": -3, "hat": 3}),
        ("an image of a face with black hair", {"hair-black": 2.5}),
        ("hair-black and no hair style bob", {"hair-black": 2.5, "hair_style-bob": -3}),
        ("glasses 1.5 and hat -2", {"glasses": 1.5, "hat": -2}),
        ("glasses 0", {}),
        ("sefa-1, no glasses", {"sefa-1": 3, "glasses": -3}),
        ("sefa 1", {"sefa-1": 3}),
        ("face", {}),
    ],
)
def test_a_word_for_a_direction_is_an_edit_as_strong_as_it_is_listed(
    text: str, edits: dict[str, float]
) -> None:
    assert read_prompt(text, FACES) == Prompt(edits=tuple(sorted(edits.items())))


def test_attributes_stand_beside_class_seed_and_truncation() -> None:
    meant = Prompt(7, 0, 0.5, (("glasses", 3.0), ("hat", -3.0)))
    assert read_prompt("a man with glasses, no hat, seed 7, truncation 0.5", FACES) == meant
    assert read_prompt("beard", FACES) == Prompt(label=1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a face with a smile", r"'glasses', 'Beard', 'hair-black', 'hair_style-bob', 'hat'\)"),
        ("no smile", "'no' or 'without' one"),
        ("no man", "a class \\('man', 'beard'\\)"),
        ("a hand with glasses", "this model understands"),
        ("glasses, no glasses", "names the glasses twice"),
        ("black hair, hair-black", "names the hair-black twice"),
        ("without glasses and hat", "'no hat' or 'with hat'"),
        ("no glasses and a hat", "'no hat' or 'with hat'"),
        ("glasses 21", "from -20 to 20"),
        *[(text, "this model understands") for text in ("no", "no no hat", "without", "hat 1e3")],
        *[(text, "this model understands") for text in ("with", "sefa-2", "no face", "hat hat")],
    ],
)
def test_words_that_mean_nothing_are_refused_and_told_the_attributes(text: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        read_prompt(text, FACES)


@pytest.mark.parametrize(
    "edits",
    [(("glasses", 3.0),), (("glasses", -3.0), ("sefa-1", 0.3333)), (("hair-black", -20.0),)],
)
def test_edits_that_are_written_are_read_back(edits: tuple[tuple[str, float], ...]) -> None:
    meant = Prompt(1, 0, 0.5, edits)
    assert read_prompt(meant.write(FACES), FACES) == meant

"""A text of the wrong form is told the form in words; OpenAPI has it as a pattern."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import httpx
import pytest
from pydantic import BaseModel, ValidationError

from app.text_form import TextForm

SEEDS = "send seeds separated by commas, such as 1,2,3"
WALK = "send two or more seeds separated by commas, such as 1,2,3"
COLOUR = "send a colour of six hexadecimal digits, such as b6e3f4, or transparent"
DIGEST = "send the whole sha256 of /models, 64 digits in lower case"
DIRECTION = "send a name of /models/{name}/directions, such as sefa-1"


@pytest.mark.parametrize(
    ("path", "field", "said"),
    [
        ("/mix?plus=1,x", "plus.0", SEEDS),
        ("/mix?plus=1&minus=1;2", "minus.0", SEEDS),
        ("/interpolate?seeds=1,b,3", "seeds", WALK),
        ("/interpolate?seeds=7", "seeds", WALK),
        ("/avatar/x.png?backgroundColor=zzz", "backgroundColor", COLOUR),
        ("/images/7.png?digest=abc", "digest", DIGEST),
        (f"/explore?seed=1&direction={quote('a b')}", "direction", DIRECTION),
    ],
)
def test_a_url_is_told_the_form_in_words(address: str, path: str, field: str, said: str) -> None:
    answer = httpx.get(address + path)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert answer.json()["detail"] == f"{field}: {said}"


def test_a_body_is_told_the_form_in_words(address: str) -> None:
    answer = httpx.post(f"{address}/generate", json={"edits": {"no such!": 1}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["detail"] == DIRECTION


def test_openapi_keeps_every_pattern(address: str) -> None:
    document = httpx.get(f"{address}/openapi.json").text
    for pattern in (
        *("^[0-9a-f]{64}$", "^([0-9a-fA-F]{6}|transparent)$", "^[0-9]{1,16}(,[0-9]{1,16})+$"),
        "^(0|[1-9][0-9]{0,15})(,(0|[1-9][0-9]{0,15}))*$",
    ):
        assert f'"pattern":"{pattern}"' in document
    assert '"patternProperties":{"^' in document


class Word(BaseModel):
    text: Annotated[str, TextForm("^[a-z]+$", "letters")]


def test_a_line_break_at_the_end_is_no_part_of_the_form() -> None:
    assert Word(text="abc").text == "abc"
    for text in ("abc\n", "\nabc", ""):
        with pytest.raises(ValidationError, match="send letters"):
            Word(text=text)

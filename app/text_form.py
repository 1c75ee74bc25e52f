"""`TextForm`: a pattern that a text must match, and its words for whoever wrote another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


@dataclass(frozen=True)
class TextForm:
    """Annotates a str, as pydantic's own `pattern` does, which tells the pattern to a client.

    The whole text must match `pattern`, which JSON Schema holds too, so it is anchored and in
    the syntax that ECMA-262 and Python share. An error says "send" and then `words`.
    """

    pattern: str
    words: str

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check the text after whatever else is asked of it, such as its length."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Add the pattern."""
        return {**handler(schema), "pattern": self.pattern}

    def _check(self, text: str) -> str:
        # Not match: in Python $ stands before a last line break too.
        if not re.fullmatch(self.pattern, text):
            raise PydanticCustomError("text_form", "send {words}", {"words": self.words})
        return text

"""`SpecError`: what is said of a generator that cannot be described."""

from __future__ import annotations


class SpecError(ValueError):
    """A generator specification that is malformed or out of bounds."""

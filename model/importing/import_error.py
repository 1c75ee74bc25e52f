"""`ForeignError`: what keeps a file from being imported, and the flag that would help."""

from __future__ import annotations


class ForeignError(ValueError):
    """A file that cannot be imported, or not without a flag; the message says which."""

"""`UploadRoom`: how many uploaded pictures the service holds at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import Overloaded

_AT_ONCE = 32  # of at most `max_upload_bytes` each: 256 MiB unless set
_RETRY_S = 1.0


class UploadRoom:
    """Counts the pictures that are received, or wait to be decoded."""

    def __init__(self, capacity: int = _AT_ONCE) -> None:
        self._left = capacity

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep room for one picture; Overloaded if there is none."""
        if not self._left:
            raise Overloaded(_RETRY_S, waiting="pictures")
        self._left -= 1
        try:
            yield
        finally:
            self._left += 1

"""`Retries`: which refusals are asked again, and after how long."""

from __future__ import annotations

import random
from dataclasses import dataclass

import httpx

# Refused before any work, so asking again is safe, whatever the method.
_REFUSED = (429, 503)


@dataclass(frozen=True)
class Retries:
    """At most `attempts` in all; no wait is longer than `max_wait_s`, whatever is told.

    The service says in `Retry-After` when it will have room. Where nothing is told, waits
    double from `first_wait_s`, each cut by up to a half at random, so that clients that were
    refused together do not come back together.
    """

    attempts: int = 4
    first_wait_s: float = 0.5
    max_wait_s: float = 30.0

    def wait_s(self, attempt: int, answer: httpx.Response | None) -> float | None:
        """Return how long to wait after attempt 1, 2, ...; None to ask no more.

        `answer` is None where the connection could not be made. A service that wants a longer
        wait than `max_wait_s` is not asked again at all.
        """
        if attempt >= self.attempts or (answer is not None and answer.status_code not in _REFUSED):
            return None
        told = _read_retry_after(answer)
        if told is not None:
            return told if told <= self.max_wait_s else None
        longest: float = min(self.max_wait_s, self.first_wait_s * 2 ** (attempt - 1))
        return longest * random.uniform(0.5, 1.0)


def _read_retry_after(answer: httpx.Response | None) -> float | None:
    """Read the seconds; a date, which the service never sends, counts as nothing told."""
    text: str = "" if answer is None else answer.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

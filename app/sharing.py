"""`limit_batch` and `share_room`: how long a batch may be, and who gets how much of it."""

from __future__ import annotations

from collections.abc import Sequence

_OLDEST_PART = 4


def share_room(wanted: Sequence[int], room: int) -> list[int]:
    """Return how many of `room` rows each of those who want some gets, the oldest first.

    All have an equal part, and what is left goes by age. The oldest has a quarter at least, or
    short requests that keep coming would starve a long one. Those for whom there is no room at
    all are left out at the end.
    """
    reserved = min(wanted[0], max(1, room // _OLDEST_PART))
    others = wanted[1 : 1 + room - reserved]
    part = room // (1 + len(others))
    if part < reserved:
        part = (room - reserved) // len(others)
    counts = [max(reserved, min(wanted[0], part)), *(min(count, part) for count in others)]
    spare = room - sum(counts)
    for place, count in enumerate(counts):
        extra = min(spare, wanted[place] - count)
        counts[place] += extra
        spare -= extra
    return counts


def limit_batch(queued: int, lanes: int, brief: int) -> int:
    """Return how many rows a batch may have while `queued` wait for `lanes`.

    More than `brief` rows are not rendered any faster each, and keep those waiting who come
    next. Where more wait than one such batch of every lane takes, longer ones save the work
    between batches.
    """
    return max(brief, queued // lanes)

from __future__ import annotations

import itertools

import pytest

from app.sharing import limit_batch, share_room


@pytest.mark.parametrize(
    ("wanted", "room", "counts"),
    [
        ([5], 8, [5]),
        ([50], 8, [8]),
        ([50, 50], 8, [4, 4]),
        ([50, 1], 8, [7, 1]),
        ([1, 50], 8, [1, 7]),
        ([50, 50, 50], 8, [4, 2, 2]),
        ([1] * 12, 8, [1] * 8),
        ([50, *[1] * 12], 8, [2, *[1] * 6]),  # a quarter, not one row
        ([50, 50, *[1] * 12], 8, [2, *[1] * 6]),
        ([50, *[1] * 12], 3, [1, 1, 1]),
        ([50, 3], 1, [1]),
    ],
)
def test_equal_parts_and_a_quarter_for_the_oldest(
    wanted: list[int], room: int, counts: list[int]
) -> None:
    assert share_room(wanted, room) == counts


def test_nobody_gets_more_than_is_wanted_and_no_room_is_wasted() -> None:
    for wanted in itertools.product((1, 2, 3, 9), repeat=4):
        for room in range(1, 13):
            counts = share_room(wanted, room)
            assert all(0 < got <= want for got, want in zip(counts, wanted, strict=False))
            assert sum(counts) == min(room, sum(wanted))


def test_a_long_request_is_done_in_the_time_of_four_alone() -> None:
    long, batches = 256, 0
    while long:
        long -= share_room([long, *[1] * 200], 32)[0]
        batches += 1
    assert batches == 4 * 256 // 32


def test_a_batch_is_brief_until_more_wait_than_a_brief_one_of_every_lane_takes() -> None:
    sizes = [limit_batch(queued, lanes=2, brief=8) for queued in (1, 8, 17, 18, 64)]
    assert sizes == [8, 8, 8, 9, 32]

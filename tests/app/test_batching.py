"""The contract at the top of app/batching.py, line by line. Nothing here waits for a clock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.batching import Batcher
from app.errors import GeneratorFailed, Overloaded
from tests.app.echo_generators import (
    LIMIT_S,
    EchoGenerator,
    FailingGenerator,
    GatedGenerator,
    numbers,
    rows,
)


def test_each_request_gets_its_own_rows_in_order(echo: tuple[EchoGenerator, Batcher]) -> None:
    _, batcher = echo
    asked = [list(range(first, first + 1 + first % 13)) for first in range(0, 60000, 97)]

    def ask(wanted: list[int]) -> list[int]:
        return numbers(batcher.enqueue(rows(*wanted)).result(LIMIT_S))

    with ThreadPoolExecutor(16) as clients:
        assert list(clients.map(ask, asked)) == asked


def test_a_lone_request_is_sent_at_once(echo: tuple[EchoGenerator, Batcher]) -> None:
    generator, batcher = echo
    rendered = batcher.enqueue(rows(5)).result(LIMIT_S)
    assert generator.batches == [[5]]
    assert rendered.batch_images == 1


def test_what_waits_is_merged_into_one_batch(gated: tuple[GatedGenerator, Batcher]) -> None:
    generator, batcher = gated
    futures = [batcher.enqueue(rows(1, 2)), batcher.enqueue(rows(3)), batcher.enqueue(rows(4))]
    generator.let_through()
    assert [numbers(future.result(LIMIT_S)) for future in futures] == [[1, 2], [3], [4]]
    assert generator.batches == [[0], [1, 2, 3, 4]]
    assert futures[0].result().batch_images == 4


def test_a_long_request_is_split_and_comes_back_whole(
    echo: tuple[EchoGenerator, Batcher],
) -> None:
    generator, batcher = echo
    assert numbers(batcher.enqueue(rows(*range(20))).result(LIMIT_S)) == list(range(20))
    assert [len(batch) for batch in generator.batches] == [8, 8, 4]


def test_a_short_request_does_not_wait_for_a_long_one(
    gated: tuple[GatedGenerator, Batcher],
) -> None:
    generator, batcher = gated
    long = batcher.enqueue(rows(*range(100, 150)))
    short = batcher.enqueue(rows(1))
    generator.let_through(2)
    assert numbers(short.result(LIMIT_S)) == [1]
    generator.wait_until_entered()  # the second batch
    generator.wait_until_entered()  # the third, held
    assert generator.batches == [[0], [*range(100, 107), 1]]
    assert not long.done()
    generator.let_through()
    assert numbers(long.result(LIMIT_S)) == list(range(100, 150))


def test_more_requests_than_a_batch_holds_go_in_order_of_arrival(
    gated: tuple[GatedGenerator, Batcher],
) -> None:
    generator, batcher = gated
    futures = [batcher.enqueue(rows(number)) for number in range(1, 13)]
    generator.let_through()
    assert [numbers(future.result(LIMIT_S)) for future in futures] == [[n] for n in range(1, 13)]
    assert generator.batches == [[0], list(range(1, 9)), list(range(9, 13))]


def test_a_full_queue_is_refused_in_images_and_keeps_what_it_holds(
    gated: tuple[GatedGenerator, Batcher],
) -> None:
    generator, batcher = gated
    held = batcher.enqueue(rows(*range(95)))
    last = batcher.enqueue(rows(*range(5)))
    assert batcher.queued_images == 100
    with pytest.raises(Overloaded) as refusal:
        batcher.enqueue(rows(1))
    assert refusal.value.retry_after_s >= 1
    generator.let_through()
    assert numbers(held.result(LIMIT_S)) == list(range(95))
    assert numbers(last.result(LIMIT_S)) == list(range(5))
    assert batcher.queued_images == 0


def test_a_request_nobody_waits_for_is_not_run_and_leaves_room(
    gated: tuple[GatedGenerator, Batcher],
) -> None:
    generator, batcher = gated
    abandoned = batcher.enqueue(rows(*range(100)))
    assert abandoned.cancel()
    wanted = batcher.enqueue(rows(7))
    generator.let_through()
    assert numbers(wanted.result(LIMIT_S)) == [7]
    assert generator.batches == [[0], [7]]


def test_a_request_abandoned_half_way_runs_no_further(
    gated: tuple[GatedGenerator, Batcher],
) -> None:
    generator, batcher = gated
    abandoned = batcher.enqueue(rows(*range(50)))
    generator.let_through(1)
    generator.wait_until_entered()  # its first 8 rows are running
    assert abandoned.cancel()
    wanted = batcher.enqueue(rows(99))
    generator.let_through()
    assert numbers(wanted.result(LIMIT_S)) == [99]
    assert generator.batches == [[0], list(range(8)), [99]]
    assert batcher.is_alive


@pytest.mark.parametrize("number", [1000, 1001])
def test_a_failing_batch_fails_only_its_own_requests(
    failing: tuple[FailingGenerator, Batcher], number: int
) -> None:
    generator, batcher = failing
    together = [batcher.enqueue(rows(number, 1, 2, 3)), batcher.enqueue(rows(4, 5, 6, 7))]
    later = batcher.enqueue(rows(*[8] * 5))  # gets two rows of that batch, or none
    generator.let_through(2)
    for future in together:
        with pytest.raises(GeneratorFailed):
            future.result(LIMIT_S)
    apart = batcher.enqueue(rows(9))
    generator.let_through()
    assert numbers(apart.result(LIMIT_S)) == [9]
    assert isinstance(later.exception(LIMIT_S), GeneratorFailed | None)
    assert batcher.queued_images == 0


def test_a_split_request_that_fails_is_not_run_further(
    failing: tuple[FailingGenerator, Batcher],
) -> None:
    generator, batcher = failing
    split = batcher.enqueue(rows(1000, *range(30)))
    generator.let_through()
    with pytest.raises(GeneratorFailed):
        split.result(LIMIT_S)
    assert numbers(batcher.enqueue(rows(5)).result(LIMIT_S)) == [5]
    assert len(generator.batches) == 3

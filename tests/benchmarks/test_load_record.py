from __future__ import annotations

import math
import random

import pytest

from benchmarks.http_answers import Answer
from benchmarks.load_record import LoadRecord, percentile

OK = Answer(200, "", has_retry_after=False, is_last=False)
REFUSED = Answer(429, "", has_retry_after=True, is_last=False)


@pytest.mark.parametrize("count", [1, 2, 3, 10, 99, 100, 101, 1000])
@pytest.mark.parametrize("percent", [1, 50, 90, 99, 100])
def test_percentile_is_the_least_value_that_enough_values_do_not_exceed(
    count: int, percent: float
) -> None:
    values = sorted(random.Random(count).random() for _ in range(count))
    enough = [
        value
        for value in values
        if sum(other <= value for other in values) * 100 >= percent * count
    ]
    assert percentile(values, percent) == min(enough)


def test_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)


def summarise(record: LoadRecord) -> dict[str, tuple[int, float, float]]:
    summary = record.summarise(unanswered=0, connections=1, client_share=0.0)
    return {key: (s.answers, s.per_s, s.max_ms) for key, s in summary.statuses.items()}


def test_rates_count_answers_while_it_ran_and_latencies_all_that_was_due_then() -> None:
    record = LoadRecord(starts=10.0, ends=20.0)
    record.add(OK, 9.0, 9.5)  # before it began
    record.add(OK, 9.0, 12.0)  # due before: its latency is not this measurement's
    record.add(OK, 15.0, 15.5)
    record.add(OK, 19.0, 26.0)  # answered after the end, and the slowest of all
    assert summarise(record) == {"200": (2, 0.2, 7000.0)}


def test_statuses_are_kept_apart() -> None:
    record = LoadRecord(starts=0.0, ends=10.0)
    record.add(OK, 1.0, 3.0)
    record.add(REFUSED, 1.0, 1.001)
    summary = record.summarise(unanswered=2, connections=1, client_share=0.0)
    assert summary.statuses["200"].p50_ms == pytest.approx(2000.0)
    assert summary.statuses["429"].p50_ms == pytest.approx(1.0)
    assert (summary.statuses["200"].with_retry_after, summary.statuses["429"].with_retry_after) == (
        0,
        1,
    )
    assert summary.errors() == 2


def test_a_status_whose_requests_were_all_due_before_has_a_rate_and_no_latency() -> None:
    record = LoadRecord(starts=10.0, ends=20.0)
    record.add(OK, 9.0, 12.0)
    answers, per_s, slowest_ms = summarise(record)["200"]
    assert (answers, per_s) == (0, 0.1)
    assert math.isnan(slowest_ms)

from __future__ import annotations

import pytest

from app.batch_cost import BatchCost


@pytest.mark.parametrize("shapes", [[1, 8, 4, 2], [1, 1, 8], [3]])
def test_the_cost_of_a_queue_follows_from_the_batches_seen(shapes: list[int]) -> None:
    cost = BatchCost()
    assert cost.seconds_for(100, 8) == 0
    for n in shapes:
        cost.observe(n, 0.5 * n + 2)
    if len(set(shapes)) > 1:
        assert cost.seconds_for(16, 8) == pytest.approx(0.5 * 16 + 2 * 2)
    else:  # one size says nothing about the rest
        assert cost.seconds_for(6, 3) == pytest.approx(2 * 3.5)

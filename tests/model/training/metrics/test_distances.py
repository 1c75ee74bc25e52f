"""Claims on blocked distances, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import euclidean_distances

from model.training.metrics import distances
from model.training.metrics.distances import distance_blocks


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_blocks_make_up_all_distances(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(distances, "BLOCK_ROWS", rows)
    rng = np.random.default_rng(1)
    a, b = (rng.normal(size=(n, 9)).astype(np.float32) for n in (23, 31))
    blocks = list(distance_blocks(a, b))
    assert [rows_.start for rows_, _ in blocks] == list(range(0, 23, rows))
    found = np.concatenate([block for _, block in blocks])
    expected = euclidean_distances(a.astype(np.float64), b.astype(np.float64)) ** 2
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_points_far_from_the_origin_lose_no_digits() -> None:
    rng = np.random.default_rng(2)
    a = rng.normal(size=(20, 5))
    ((_, found),) = distance_blocks((a + 1e4).astype(np.float32), (a + 1e4).astype(np.float32))
    np.testing.assert_allclose(np.sqrt(found), euclidean_distances(a), atol=0.02)


def test_no_distance_is_negative() -> None:
    points = np.full((50, 300), 0.1, np.float32)
    ((_, found),) = distance_blocks(points, points)
    assert found.min() >= 0.0

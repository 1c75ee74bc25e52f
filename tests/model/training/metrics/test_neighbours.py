"""Claims on precision, recall, density and coverage, on points placed as in the papers' figures."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from model.training.metrics import distances
from model.training.metrics.neighbours import (
    find_neighbourhoods,
    measure_neighbours,
    neighbour_distances,
)


def cloud(seed: int, count: int, center: float = 0.0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(count, 8)) + center).astype(np.float32)


def scores(real: NDArray[np.float32], fake: NDArray[np.float32]) -> dict[str, float]:
    return {name: estimate.value for name, estimate in measure_neighbours(real, fake).items()}


def test_radii_are_those_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "BLOCK_ROWS", 16)
    points = cloud(1, 50)
    expected = NearestNeighbors(n_neighbors=6).fit(points).kneighbors(points)[0]
    third, fifth = neighbour_distances(points, (3, 5))
    np.testing.assert_allclose(np.sqrt(third), expected[:, 3], rtol=1e-3)
    np.testing.assert_allclose(np.sqrt(fifth), expected[:, 5], rtol=1e-3)


def test_every_score_is_its_definition_written_as_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "BLOCK_ROWS", 16)
    real, fake = cloud(2, 40), cloud(3, 35, 0.7)

    def radius(points: NDArray[np.float32], row: int, k: int) -> float:
        return float(np.sort(np.linalg.norm(points - points[row], axis=1))[k])

    def inside(point: NDArray[np.float32], points: NDArray[np.float32], k: int) -> list[bool]:
        return [
            bool(np.linalg.norm(point - points[row]) <= radius(points, row, k))
            for row in range(len(points))
        ]

    found = find_neighbourhoods(real, fake)
    assert found.is_precise.tolist() == [any(inside(x, real, 3)) for x in fake]
    assert found.is_recalled.tolist() == [any(inside(x, fake, 3)) for x in real]
    assert found.density.tolist() == [sum(inside(x, real, 5)) / 5 for x in fake]
    balls = np.array([inside(x, real, 5) for x in fake])
    assert found.is_covered.tolist() == balls.any(axis=0).tolist()


def test_another_draw_of_the_same_cloud_scores_near_the_top() -> None:
    found = scores(cloud(4, 1000), cloud(5, 1000))
    # Naeem et al. (2020), section 3.3: coverage of equal distributions is about 1 - 1 / 2^k.
    assert found["coverage"] == pytest.approx(1.0 - 2.0**-5, abs=0.02)
    assert found["density"] == pytest.approx(1.0, abs=0.1)
    assert min(found["precision"], found["recall"]) > 0.7


def test_a_cloud_elsewhere_scores_nothing() -> None:
    assert set(scores(cloud(6, 100), cloud(7, 100, 50.0)).values()) == {0.0}


def test_a_dropped_mode_lowers_recall_and_coverage_and_not_precision() -> None:
    real = np.concatenate([cloud(8, 300), cloud(9, 300, 40.0)])
    found = scores(real, cloud(10, 600))
    assert found["precision"] > 0.7
    assert found["recall"] < 0.52
    assert found["coverage"] == pytest.approx(0.5, abs=0.05)


def test_an_invented_mode_lowers_precision_and_density_and_not_recall() -> None:
    fake = np.concatenate([cloud(11, 300), cloud(12, 300, 40.0)])
    found = scores(cloud(13, 600), fake)
    assert found["precision"] < 0.52
    assert found["density"] == pytest.approx(0.5, abs=0.1)
    assert found["recall"] > 0.7


def test_one_real_outlier_fools_precision_and_not_density() -> None:
    # Naeem et al. (2020), figure 1: the outlier's ball is so wide that it holds everything.
    outlier = np.full((1, 8), 30.0, np.float32)
    real = np.concatenate([cloud(14, 300), outlier])
    found = scores(real, cloud(15, 300, 30.0))
    assert found["precision"] > 0.9
    assert found["density"] == pytest.approx(1 / 5, abs=0.02)


def test_too_few_points_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 6"):
        find_neighbourhoods(cloud(1, 5), cloud(1, 10))

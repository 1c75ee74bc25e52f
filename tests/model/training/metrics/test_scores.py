"""Claims on how scores are shown, written and carried."""

from __future__ import annotations

import json

import pytest

from model.provenance import Provenance
from model.training.metrics.confidence import Estimate
from model.training.metrics.scores import Evaluation, Score


@pytest.fixture
def evaluation() -> Evaluation:
    scores = (
        Score(
            "frechet_distance",
            Estimate(31.23456789, 30.1, 32.2, "jackknife"),
            Estimate(20.0, 19.0, 21.0, "jackknife"),
            "lower",
        ),
        Score(
            "kernel_distance",
            Estimate(0.00123456, -0.001, 0.003, "jackknife"),
            Estimate(-0.00001, -0.0002, 0.0001, "jackknife"),
            "lower",
        ),
    )
    return Evaluation({"digest": "ab" * 32, "features": "means-1"}, 600, scores)


def test_a_table_has_a_row_a_score_with_floor_and_intervals(evaluation: Evaluation) -> None:
    lines = evaluation.to_table().splitlines()
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1
    cells = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert cells == [
        "frechet_distance", "31.23", "30.1 to 32.2", "20", "19 to 21", "lower", "jackknife",
    ]  # fmt: skip
    assert "| 0.00123 " in lines[3]


def test_json_holds_every_figure_whole(evaluation: Evaluation) -> None:
    content = json.loads(evaluation.to_json())
    assert content["samples"] == 600
    assert content["digest"] == "ab" * 32
    assert content["scores"]["frechet_distance"] == {
        "generated": {"value": 31.23456789, "low": 30.1, "high": 32.2, "method": "jackknife"},
        "real": {"value": 20.0, "low": 19.0, "high": 21.0, "method": "jackknife"},
        "better": "lower",
    }


def test_a_checkpoint_carries_value_and_floor(evaluation: Evaluation) -> None:
    figures = evaluation.for_provenance()
    assert figures == {
        "scored_samples": 600.0,
        "frechet_distance": 31.2346,
        "frechet_distance_real": 20.0,
        "kernel_distance": 0.00123456,
        "kernel_distance_real": -0.00001,
    }
    provenance = Provenance(scores=figures)
    assert Provenance.from_json(provenance.to_json()) == provenance

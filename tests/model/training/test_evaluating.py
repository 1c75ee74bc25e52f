"""Claims on the command `evaluate`: a table, a file, and a checkpoint that carries its scores."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from model.__main__ import main
from model.checkpoint import read_checkpoint
from model.training import evaluating
from model.training.evaluating import write_scores
from model.training.metrics.confidence import Estimate
from model.training.metrics.evaluation import EvaluationRequest
from model.training.metrics.scores import Evaluation, Score


def make_evaluation(digest: str) -> Evaluation:
    estimates = (Estimate(0.25, 0.2, 0.3, "Wilson"), Estimate(0.125, 0.1, 0.2, "Wilson"))
    facts = {"digest": digest, "features": "means-1"}
    closest = np.random.default_rng(1).integers(0, 256, (64, 16, 16, 3), dtype=np.uint8)
    return Evaluation(facts, 50, (Score("precision", *estimates, "higher"),), closest)


@pytest.fixture
def weights(plain_file: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(plain_file, tmp_path / "plain.safetensors"))


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[EvaluationRequest]:
    """Answer every evaluation at once, and note what was asked."""
    asked: list[EvaluationRequest] = []

    def answer(request: EvaluationRequest, *, show_progress: bool) -> Evaluation:
        assert show_progress
        asked.append(request)
        return make_evaluation(read_checkpoint(request.checkpoint).digest)

    monkeypatch.setattr(evaluating, "evaluate", answer)
    return asked


def test_every_option_reaches_the_evaluation(
    weights: Path, requests: list[EvaluationRequest]
) -> None:
    options = "--data a --held-out b --samples 77 --features inception=f.pth --device cpu"
    assert main(["evaluate", str(weights), *options.split(), "--precision", "float32"]) == 0
    assert requests == [
        EvaluationRequest(weights, Path("a"), Path("b"), 77, "inception=f.pth", "cpu", "float32")
    ]


def test_scores_are_printed_and_written_and_the_checkpoint_is_left_alone(
    weights: Path,
    tmp_path: Path,
    requests: list[EvaluationRequest],  # noqa: ARG001
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = weights.read_bytes()
    out = tmp_path / "new" / "scores.json"
    assert main(["evaluate", str(weights), "--data", "a", "--out", str(out)]) == 0
    assert "| precision | 0.25 " in capsys.readouterr().out
    assert json.loads(out.read_text())["scores"]["precision"]["generated"]["value"] == 0.25
    assert weights.read_bytes() == before


def test_a_checkpoint_carries_its_scores_and_stays_what_it_was(
    weights: Path,
    requests: list[EvaluationRequest],  # noqa: ARG001
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = read_checkpoint(weights)
    assert main(["evaluate", str(weights), "--data", "a", "--write"]) == 0
    after = read_checkpoint(weights)
    assert after.provenance.scores == {
        **before.provenance.scores,
        "scored_samples": 50.0,
        "precision": 0.25,
        "precision_real": 0.125,
    }
    assert after.digest != before.digest
    assert f"digest {after.digest}" in capsys.readouterr().out
    assert after.spec == before.spec
    assert after.golden.hashes == before.golden.hashes
    assert (after.golden.pixels == before.golden.pixels).all()
    for name, weight in before.weights.items():
        assert torch.equal(after.weights[name], weight)
    assert [path.name for path in weights.parent.iterdir()] == [weights.name]


def test_the_samples_nearest_to_a_training_image_are_drawn(
    weights: Path,
    tmp_path: Path,
    requests: list[EvaluationRequest],  # noqa: ARG001
) -> None:
    sheet = tmp_path / "new" / "nearest.png"
    assert main(["evaluate", str(weights), "--data", "a", "--nearest", str(sheet)]) == 0
    closest = make_evaluation("").closest
    assert closest is not None
    with Image.open(sheet) as image:
        drawn = np.asarray(image)
    assert drawn.shape == (8 * 16, 8 * 16, 3)
    assert np.array_equal(drawn[:16, :32], np.concatenate([closest[0], closest[1]], axis=1))


def test_scores_of_another_file_are_not_written(weights: Path) -> None:
    before = weights.read_bytes()
    with pytest.raises(ValueError, match="has changed since it was evaluated"):
        write_scores(make_evaluation("0" * 64), weights)
    assert weights.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--samples", "0"], "samples must be positive"),
        (["--features", "resnet"], "inception=FILE"),
        ([], "does not exist"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    words: str,
) -> None:
    assert main(["evaluate", str(weights), "--data", str(tmp_path / "none"), *options]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert words in error
    assert len(error.splitlines()) == 1

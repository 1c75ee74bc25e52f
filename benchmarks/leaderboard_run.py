"""`run_entry`: one run of the leaderboard, trained, exported and scored, or read from disk."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.minutes import train_for
from model.contact_sheet import contact_sheet
from model.png import encode_png
from model.training.config import TrainConfig
from model.training.dataset import ImageDataset
from model.training.export import export_checkpoint
from model.training.metrics.evaluation import EvaluationRequest, evaluate
from model.training.progress import render_samples
from model.training.state import StateError, TrainingState

RESULT_FILE = "result.json"
SHEET_FILE = "sheet.png"
_OUTCOME = ("kernel_distance", "precision", "recall")


@dataclass(frozen=True)
class Contest:
    """What is the same for all: the data, the minutes, the samples, and where runs lie."""

    dataset: ImageDataset
    source: Path
    minutes: float
    samples: int
    folder: Path


@dataclass(frozen=True)
class Entry:
    """What came of one run. `failure` says why it has no scores, "" where it has."""

    preset: str
    seed: int
    minutes: float
    images_seen: int
    diversity: float | None
    scores: dict[str, float]
    failure: str = ""

    @property
    def outcome(self) -> str:
        """Say it in a line."""
        figures = ", ".join(
            f"{name} {self.scores[name]:.4g}" for name in _OUTCOME if not self.failure
        )
        return f"{self.images_seen} images, {self.failure or figures}"


def run_entry(config: TrainConfig, contest: Contest) -> Entry:
    """Return the result of a run, which is trained and scored if that was not done before.

    A run that diverges or collapses is a result too. SystemExit if it is interrupted, or if
    what is on disk is of other data, another recipe or other minutes.
    """
    folder = contest.folder / f"{config.preset}-{config.seed}"
    result = folder / RESULT_FILE
    if result.exists():
        entry = Entry(**json.loads(result.read_text()))
        if entry.minutes != contest.minutes:
            raise SystemExit(
                f"{folder} holds a run of {entry.minutes:g} minutes: use another --out"
            )
        return entry
    try:
        state = train_for(contest.minutes, config, contest.dataset, folder)
        entry = _score(state, contest, folder)
    except StateError as error:
        entry = Entry(config.preset, config.seed, contest.minutes, 0, None, {}, str(error))
    partial = result.with_suffix(".partial")
    partial.write_text(json.dumps(dataclasses.asdict(entry), indent=2) + "\n")
    partial.replace(result)
    return entry


def _score(state: TrainingState, contest: Contest, folder: Path) -> Entry:
    samples = render_samples(state.ema_generator, state.spec)
    (folder / SHEET_FILE).write_bytes(encode_png(contact_sheet(samples)))
    checkpoint = folder / "checkpoint.safetensors"
    export_checkpoint(state, checkpoint)
    request = EvaluationRequest(
        checkpoint, contest.source, samples=contest.samples, precision="float32", device="cpu"
    )
    scores = evaluate(request).for_provenance()
    return Entry(
        preset=state.config.preset,
        seed=state.config.seed,
        minutes=contest.minutes,
        images_seen=state.images_seen,
        diversity=state.facts.get("diversity"),
        scores=scores,
    )

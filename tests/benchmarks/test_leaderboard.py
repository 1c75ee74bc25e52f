"""Claims on the leaderboard: what is on disk is not run again, and failures are kept."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.leaderboard_run import RESULT_FILE, Contest, Entry, run_entry
from benchmarks.leaderboard_table import leaderboard, write_page
from benchmarks.minutes import train_for
from model.training.config import TrainConfig
from model.training.dataset import ImageDataset, open_dataset
from model.training.presets import PRESETS

CONFIG = dataclasses.replace(
    PRESETS["dcgan"], img_resolution=16, base_channels=4, discriminator_channels=4, batch_size=8
)


def entry(preset: str, seed: int, distance: float | None) -> Entry:
    scores = {} if distance is None else {"kernel_distance": distance, "recall": 0.5}
    return Entry(preset, seed, 1.0, 640, 0.9, scores, "" if scores else "training diverged")


@pytest.fixture
def dataset(tmp_path: Path) -> ImageDataset:
    rng = np.random.default_rng(4)
    (tmp_path / "photos").mkdir()
    for number in range(12):
        pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{number}.png")
    return open_dataset(
        tmp_path / "photos", img_resolution=16, img_channels=3, cache_dir=tmp_path / "cache"
    )


def test_minutes_are_counted_over_every_stop(tmp_path: Path, dataset: ImageDataset) -> None:
    first = train_for(0.01, CONFIG, dataset, tmp_path / "run")
    assert first.step > 0
    assert train_for(0.01, CONFIG, dataset, tmp_path / "run").step == first.step
    assert train_for(0.02, CONFIG, dataset, tmp_path / "run").step > first.step
    with pytest.raises(SystemExit, match="another recipe"):
        train_for(0.03, dataclasses.replace(CONFIG, seed=1), dataset, tmp_path / "run")


def test_a_finished_run_is_read_and_one_of_other_minutes_refused(
    tmp_path: Path, dataset: ImageDataset
) -> None:
    contest = Contest(dataset, tmp_path / "photos", 1.0, 100, tmp_path / "runs")
    done = entry("dcgan", 0, 0.3)
    folder = tmp_path / "runs" / "dcgan-0"
    folder.mkdir(parents=True)
    (folder / RESULT_FILE).write_text(json.dumps(dataclasses.asdict(done)))
    assert run_entry(CONFIG, contest) == done
    with pytest.raises(SystemExit, match="a run of 1 minutes"):
        run_entry(CONFIG, dataclasses.replace(contest, minutes=2.0))


def test_a_run_that_diverges_is_a_result(tmp_path: Path, dataset: ImageDataset) -> None:
    contest = Contest(dataset, tmp_path / "photos", 0.02, 100, tmp_path / "runs")
    wild: TrainConfig = dataclasses.replace(CONFIG, learning_rate=1e30)
    failed = run_entry(wild, contest)
    assert "diverged" in failed.failure
    assert run_entry(wild, contest) == failed


def test_presets_are_ranked_and_failures_kept(tmp_path: Path) -> None:
    entries = [
        *(entry("lsgan", seed, 0.5 + 0.1 * seed) for seed in range(3)),
        *(entry("dcgan", seed, 0.2) for seed in range(3)),
        *(entry("wgan", seed, None) for seed in range(3)),
    ]
    table = leaderboard("faces", entries)
    assert [row[0] for row in table.rows] == ["`dcgan`", "`lsgan`", "`wgan`"]
    assert [row[2] for row in table.rows] == ["0.2 ± 0", "0.6 ± 0.1", ""]
    assert [row[-1] for row in table.rows] == ["", "", "3"]
    write_page(tmp_path / "leaderboard.md", [table], entries, tmp_path)
    page = (tmp_path / "leaderboard.md").read_text()
    assert page.count("training diverged") == 3

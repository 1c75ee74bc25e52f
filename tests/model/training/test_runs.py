"""Claims on runs as folders: started once, resumed on the same data, exported."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from model.__main__ import main
from model.checkpoint import read_checkpoint
from model.training.budget import Budget
from model.training.config import ConfigError, TrainConfig
from model.training.dataset_error import DatasetError
from model.training.guard import CollapseError
from model.training.presets import PRESETS
from model.training.runs import Machine, export_run, resume_run, start_run
from model.training.state import STATE_FILE, StateError, TrainingState
from model.training.trainer import Cadence

TINY = dataclasses.replace(
    PRESETS["dcgan"],
    img_resolution=16,
    z_dim=4,
    base_channels=1,
    discriminator_channels=1,
    batch_size=4,
)
QUIET = Cadence(save_s=1e9, sheet_s=1e9)


def start(data: Path, run_dir: Path, images: int = 8, config: TrainConfig = TINY) -> bool:
    return start_run(config, data, run_dir, Machine("cpu", 1), Budget(images=images), QUIET)


def resume(run_dir: Path, images: int = 16, data: Path | None = None) -> bool:
    return resume_run(run_dir, data, "cpu", Budget(images=images), QUIET)


def test_a_run_that_is_resumed_is_the_run_that_was_not_interrupted(
    photos: Path, tmp_path: Path
) -> None:
    config = dataclasses.replace(TINY, is_conditional=True)
    assert start(photos, tmp_path / "whole", 24, config)
    assert start(photos, tmp_path / "parts", 8, config)
    assert resume(tmp_path / "parts", 16)
    assert resume(tmp_path / "parts", 24)
    digests = [
        export_run(tmp_path / run, tmp_path / f"{run}.st").digest for run in ("whole", "parts")
    ]
    assert digests[0] == digests[1]


def test_a_run_keeps_its_recipe_its_samples_and_its_state(photos: Path, tmp_path: Path) -> None:
    start(photos, tmp_path / "run")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "config.json",
        "lock",
        "samples",
        "state.pt",
        "tensorboard",
    }
    assert TrainConfig.from_json((tmp_path / "run" / "config.json").read_text()) == TINY
    facts = TrainingState.load(tmp_path / "run" / "state.pt").facts
    assert facts["images"] == 11
    assert facts["class_names"] == ["cat", "dog"]
    assert facts["name"] == "photos"
    assert facts["threads"] == 1


def test_an_export_carries_what_dataset_json_says(photos: Path, tmp_path: Path) -> None:
    record = {"name": "Pets", "licence": "CC-BY-4.0", "credit": "A. Nobody"}
    (photos / "dataset.json").write_text(json.dumps(record))
    start(photos, tmp_path / "run")
    export_run(tmp_path / "run", tmp_path / "pets.safetensors")
    provenance = read_checkpoint(tmp_path / "pets.safetensors").provenance
    assert (provenance.dataset, provenance.licence, provenance.credit) == tuple(record.values())
    assert provenance.images_seen == 8


def test_a_second_start_in_one_folder_is_refused_and_harms_nothing(
    photos: Path, tmp_path: Path
) -> None:
    start(photos, tmp_path / "run")
    before = (tmp_path / "run" / "state.pt").read_bytes()
    with pytest.raises(StateError, match="holds a run already: resume it"):
        start(photos, tmp_path / "run")
    assert (tmp_path / "run" / "state.pt").read_bytes() == before


def test_there_is_something_to_resume_before_the_first_step(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise SystemExit(9)

    monkeypatch.setattr("model.training.runs.train", killed)
    with pytest.raises(SystemExit):
        start(photos, tmp_path / "run")
    monkeypatch.undo()
    assert TrainingState.load(tmp_path / "run" / "state.pt").step == 0


def test_without_a_run_there_is_nothing_to_resume_or_export(tmp_path: Path) -> None:
    for attempt in (resume, lambda run: export_run(run, tmp_path / "a.safetensors")):
        with pytest.raises(StateError, match="there is no training state at"):
            attempt(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_images_that_moved_are_the_same_data(photos: Path, tmp_path: Path) -> None:
    start(photos, tmp_path / "run")
    moved = shutil.move(photos, tmp_path / "elsewhere")
    with pytest.raises(DatasetError, match="photos"):
        resume(tmp_path / "run")
    assert resume(tmp_path / "run", data=Path(moved))


@pytest.mark.parametrize("change", ["pixel", "missing", "new"])
def test_images_that_changed_are_refused(photos: Path, tmp_path: Path, change: str) -> None:
    start(photos, tmp_path / "run")
    image = photos / "cat" / "04.png"
    if change == "pixel":
        pixels = np.asarray(Image.open(image)).copy()
        pixels[3, 3, 0] ^= 1
        Image.fromarray(pixels).save(image)
    elif change == "missing":
        image.unlink()
    else:
        shutil.copy(image, photos / "cat" / "99.png")
    with pytest.raises(StateError, match="not the data this run began with: its images have"):
        resume(tmp_path / "run")
    assert TrainingState.load(tmp_path / "run" / "state.pt").step == 2


def test_labels_that_changed_are_refused(photos: Path, tmp_path: Path) -> None:
    names = [f"{folder}/{p.name}" for folder in ("cat", "dog") for p in (photos / folder).iterdir()]

    def label(last: str) -> None:
        lines = [{"file": name, "label": name[:3]} for name in names]
        lines[-1]["label"] = last
        (photos / "labels.jsonl").write_text("\n".join(map(json.dumps, lines)))

    label("dog")
    start(photos, tmp_path / "run", config=dataclasses.replace(TINY, is_conditional=True))
    label("cat")
    with pytest.raises(StateError, match="not the data this run began with: its labels have"):
        resume(tmp_path / "run")
    label("dog")
    assert resume(tmp_path / "run")


def test_a_resume_computes_with_the_threads_of_the_start(photos: Path, tmp_path: Path) -> None:
    start(photos, tmp_path / "run")
    torch.set_num_threads(2)
    try:
        resume(tmp_path / "run")
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(1)


def test_a_conditional_run_needs_classes(photos: Path, tmp_path: Path) -> None:
    shutil.rmtree(photos / "dog")
    with pytest.raises(ConfigError, match="at least two classes"):
        start(photos, tmp_path / "run", config=dataclasses.replace(TINY, is_conditional=True))
    assert not (tmp_path / "run").exists()


def test_a_budget_of_images_that_is_spent_already_is_told_and_trains_nothing(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start(photos, tmp_path / "run", 16)
    before = (tmp_path / "run" / "state.pt").read_bytes()
    assert resume(tmp_path / "run", 16)
    assert "has seen 16 images already" in capsys.readouterr().out
    assert (tmp_path / "run" / "state.pt").read_bytes() == before


def test_an_export_computes_with_the_threads_of_the_run(photos: Path, tmp_path: Path) -> None:
    start(photos, tmp_path / "run")
    torch.set_num_threads(2)
    try:
        export_run(tmp_path / "run", tmp_path / "pets.safetensors")
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize("memory", [{"reason": "samples are alike"}, {"ends_collapsed": True}])
def test_a_collapsed_run_is_exported_by_force_only_and_says_so(
    photos: Path, tmp_path: Path, memory: dict[str, object]
) -> None:
    start(photos, tmp_path / "run")
    state = TrainingState.load(tmp_path / "run" / STATE_FILE)
    state.facts["guard"] |= {**memory, "rollbacks": 2}
    state.save(tmp_path / "run" / STATE_FILE)
    with pytest.raises(StateError, match=r"collapsed: .*; --force exports it"):
        export_run(tmp_path / "run", tmp_path / "a.st")
    assert not (tmp_path / "a.st").exists()
    export_run(tmp_path / "run", tmp_path / "a.st", has_force=True)
    scores = read_checkpoint(tmp_path / "a.st").provenance.scores
    assert (scores["collapsed"], scores["guard_rollbacks"]) == (1.0, 2.0)
    assert "diversity" in scores


def test_a_run_that_the_guard_gave_up_on_goes_on_without_it_only(
    photos: Path, tmp_path: Path
) -> None:
    start(photos, tmp_path / "run")
    state = TrainingState.load(tmp_path / "run" / STATE_FILE)
    state.facts["guard"]["reason"] = "samples are alike"
    state.save(tmp_path / "run" / STATE_FILE)
    guarded = dataclasses.replace(QUIET, check_images=8)
    with pytest.raises(CollapseError, match="the guard gave up"):
        resume_run(tmp_path / "run", None, "cpu", Budget(images=16), guarded)
    assert resume(tmp_path / "run", 16)


def test_no_second_process_works_on_a_run(photos: Path, tmp_path: Path) -> None:
    start(photos, tmp_path / "run")
    holds = (
        "import sys; from pathlib import Path; from model.training.run_lock import run_lock\n"
        "with run_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holds, str(tmp_path / "run")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(StateError, match="another process works on"):
            resume(tmp_path / "run")
        other.kill()  # a lock ends with its process, however that ends
        other.wait()
    assert resume(tmp_path / "run")


@pytest.mark.parametrize(("augment", "advises"), [("none", True), ("diffaugment", False)])
def test_few_images_are_told_to_be_augmented(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], augment: str, advises: bool
) -> None:
    start(photos, tmp_path / "run", config=dataclasses.replace(TINY, augment=augment))
    assert ("images are few: --augment diffaugment" in capsys.readouterr().out) is advises


def test_a_run_goes_on_by_another_gamma_from_where_it_stands(photos: Path, tmp_path: Path) -> None:
    assert start(photos, tmp_path / "asked")
    shutil.copytree(tmp_path / "asked", tmp_path / "edited")
    shutil.copytree(tmp_path / "asked", tmp_path / "kept")
    command = ["resume", "--images", "32", "--no-guard"]  # a penalty every fourth step
    assert main([*command, str(tmp_path / "asked"), "--r1-gamma", "9"]) == 0
    state = TrainingState.load(tmp_path / "edited" / STATE_FILE)
    state.config = dataclasses.replace(state.config, r1_gamma=9.0)
    state.save(tmp_path / "edited" / STATE_FILE)
    for run in ("edited", "kept"):
        assert main([*command, str(tmp_path / run)]) == 0
    asked, edited, kept_on = (
        TrainingState.load(tmp_path / run / STATE_FILE) for run in ("asked", "edited", "kept")
    )
    assert (asked.config.r1_gamma, kept_on.config.r1_gamma) == (9.0, 1.0)
    for name, weight in asked.generator.state_dict().items():
        assert torch.equal(weight, edited.generator.state_dict()[name]), name
    with pytest.raises(AssertionError):
        torch.testing.assert_close(
            asked.generator.state_dict(), kept_on.generator.state_dict(), rtol=0, atol=0
        )


def test_a_gamma_for_a_recipe_without_that_penalty_is_refused(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = dataclasses.replace(TINY, penalty="none", r1_gamma=0.0)
    assert start(photos, tmp_path / "run", config=config)
    assert main(["resume", str(tmp_path / "run"), "--r1-gamma", "1", "--images", "16"]) == 1
    assert "r1_gamma weighs the penalty r1-r2, but this recipe's is none" in capsys.readouterr().err

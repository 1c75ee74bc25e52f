"""A run is a folder: `start_run`, `resume_run` and `export_run` work on one."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from model.checkpoint import Checkpoint
from model.inference import require_exact_kernels
from model.training import ranks
from model.training.budget import Budget
from model.training.config import TrainConfig
from model.training.dataset import ImageDataset, open_dataset
from model.training.dataset_error import DatasetError
from model.training.export import export_checkpoint
from model.training.guard import verdict
from model.training.rescue import Adjustment, rebuild
from model.training.run_lock import run_lock
from model.training.state import STATE_FILE, StateError, TrainingState
from model.training.trainer import Cadence, train

_log = logging.getLogger(__name__)

# As the help of --augment has it.
_FEW_IMAGES = 30_000


@dataclasses.dataclass(frozen=True)
class Machine:
    """Where a run computes. The thread count may move the last bit of a sum, so it is kept."""

    device: str
    threads: int

    def __post_init__(self) -> None:
        """Refuse a number of threads that torch would refuse later."""
        if self.threads < 1:
            raise ValueError(f"threads must be positive, not {self.threads}")


def start_run(
    config: TrainConfig,
    data: Path,
    run_dir: Path,
    machine: Machine,
    budget: Budget,
    cadence: Cadence,
) -> bool:
    """Train from scratch in a new folder; returns whether the budget was spent.

    StateError if the folder holds a run already or another process begins one there, DatasetError
    if the data cannot be used.
    """
    if (run_dir / STATE_FILE).exists():
        raise StateError(f"{run_dir} holds a run already: resume it, or choose another folder")
    dataset = _open(config, data)
    spec = config.generator_spec(len(dataset.class_names))
    ranks.check_shares(config)
    ranks.wait()  # until all have seen that the folder is free
    _prepare(machine)
    facts = _facts(dataset, data, machine) | _label_facts(config, dataset)
    state = TrainingState(config, spec, facts, machine.device)
    with run_lock(run_dir):
        if ranks.is_first():
            (run_dir / "config.json").write_text(config.to_json() + "\n")
            _advise(config, len(dataset.pixels))
        # A kill before the first interval would otherwise leave nothing to resume.
        state.save(run_dir / STATE_FILE)
        return train(state, dataset, run_dir, budget, cadence)


def resume_run(
    run_dir: Path,
    data: Path | None,
    device: str,
    budget: Budget,
    cadence: Cadence,
    changes: Mapping[str, Any] | None = None,
) -> bool:
    """Go on with a run, on the data it began with; returns whether the budget was spent.

    `changes` are fields of its recipe that are otherwise from now on: attributes or r1_gamma.

    StateError if there is no run, if another process works on it, or if the data are not those
    that it began with; ConfigError if the changes do not fit the recipe, DatasetError if the data
    have not the attributes.
    """
    if not (run_dir / STATE_FILE).exists():
        TrainingState.load(run_dir / STATE_FILE)  # says what is missing, and makes no folder
    with run_lock(run_dir):
        return _resume(run_dir, data, device, budget, cadence, changes or {})


def _resume(
    run_dir: Path,
    data: Path | None,
    device: str,
    budget: Budget,
    cadence: Cadence,
    changes: Mapping[str, Any],
) -> bool:
    state = TrainingState.load(run_dir / STATE_FILE, device)
    config = dataclasses.replace(state.config, **changes)
    if budget.images is not None and budget.is_spent(state.images_seen):
        # No error: a script that repeats the command until the run is done must see it done.
        print(f"{run_dir} has seen {state.images_seen} images already; --images counts them all")
        return True
    source = data or Path(state.facts["source"])
    dataset = _open(state.config, source)
    if dataset.digest != state.facts["digest"]:
        raise StateError(f"{source} is not the data this run began with: its images have changed")
    labels_digest = _labels_digest(state.config, dataset)
    if state.facts.get("labels_digest", labels_digest) != labels_digest:
        raise StateError(f"{source} is not the data this run began with: its labels have changed")
    began_on = state.facts.get("device", state.device.type)
    if began_on != state.device.type:
        _log.warning("the run began on %s: on another device it goes on, but not exactly", began_on)
    if config != state.config:
        state = _change_recipe(state, config, dataset)
    ranks.check_shares(state.config)
    _prepare(Machine(device, state.facts["threads"]))
    limit = f"up to {budget.images}" if budget.images else f"for {budget.minutes:g} minutes"
    if ranks.is_first():
        print(f"going on from {state.images_seen} images {limit}; Ctrl-C saves and stops")
    return train(state, dataset, run_dir, budget, cadence)


def export_run(
    run_dir: Path, path: Path, has_force: bool = False, has_discriminator: bool = False
) -> Checkpoint:
    """Write the run's generator as a checkpoint, with its discriminator where that is asked for.

    StateError if there is no run, or if it has collapsed and `has_force` does not ask for it
    all the same; the checkpoint's scores then say so. With the run's own threads, so that one
    state is one file whatever the shell it is made in.
    """
    state = TrainingState.load(run_dir / STATE_FILE)
    if (reason := verdict(state.facts)) and not has_force:
        raise StateError(f"{run_dir} collapsed: {reason}; --force exports it and notes that in it")
    torch.set_num_threads(state.facts["threads"])
    return export_checkpoint(state, path, has_discriminator)


def _advise(config: TrainConfig, images: int) -> None:
    if images < _FEW_IMAGES and config.augment == "none":
        print(
            f"{images:,} images are few: --augment diffaugment keeps the discriminator from "
            "learning them by heart"
        )


def _prepare(machine: Machine) -> None:
    torch.set_num_threads(machine.threads)
    if torch.device(machine.device).type == "cuda":
        require_exact_kernels()


def _open(config: TrainConfig, source: Path) -> ImageDataset:
    return open_dataset(
        source,
        img_resolution=config.img_resolution,
        img_width=config.img_width,
        img_channels=config.img_channels,
    )


def _facts(dataset: ImageDataset, source: Path, machine: Machine) -> dict[str, Any]:
    return {
        "source": str(source.resolve()),
        "name": dataset.name,
        "licence": dataset.licence,
        "credit": dataset.credit,
        "digest": dataset.digest,
        "class_names": list(dataset.class_names),
        "attribute_names": list(dataset.attribute_names),
        "images": len(dataset.pixels),
        "threads": machine.threads,
        "device": torch.device(machine.device).type,
    }


def _label_facts(config: TrainConfig, dataset: ImageDataset) -> dict[str, Any]:
    return {
        "labels_digest": _labels_digest(config, dataset),
        "attribute_shares": _shares(config.attributes, dataset),
    }


def _shares(names: tuple[str, ...], dataset: ImageDataset) -> list[float]:
    """Return how many of the images have each attribute; DatasetError if all or none have."""
    if not names:
        return []
    shares = [float(share) for share in dataset.attributes_of(names).mean(axis=0)]
    for name, share in zip(names, shares, strict=True):
        if not 0.0 < share < 1.0:
            raise DatasetError(f"all images agree on {name!r}, so nothing can be learned of it")
    return shares


def _change_recipe(
    state: TrainingState, config: TrainConfig, dataset: ImageDataset
) -> TrainingState:
    """Return the state, which goes on by this recipe."""
    changed = rebuild(state, Adjustment(config, has_new_discriminator=False, words=""))
    changed.facts |= _label_facts(config, dataset)
    return changed


def _labels_digest(config: TrainConfig, dataset: ImageDataset) -> str:
    labels = b"" if dataset.labels is None else dataset.labels.tobytes()
    if config.attributes:
        labels += dataset.attributes_of(config.attributes).tobytes()
    return hashlib.sha256(json.dumps(dataset.class_names).encode() + labels).hexdigest()

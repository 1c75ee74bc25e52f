"""`train_to`: a training run on a data set in memory, saved and resumed like any other."""

from __future__ import annotations

from pathlib import Path

from model.training.budget import Budget
from model.training.config import TrainConfig
from model.training.dataset import ImageDataset
from model.training.state import STATE_FILE, TrainingState
from model.training.trainer import Cadence, train


def train_to(
    images: int, config: TrainConfig, dataset: ImageDataset, run_dir: Path
) -> TrainingState:
    """Train until `images` were seen, from where the run in `run_dir` stopped.

    SystemExit if it is stopped once more, or if the folder holds another recipe or other data.
    """
    path = run_dir / STATE_FILE
    if path.exists():
        state = TrainingState.load(path)
        if state.config != config or state.facts["digest"] != dataset.digest:
            raise SystemExit(f"{run_dir} holds a run of another recipe or other data")
    else:
        run_dir.mkdir(parents=True, exist_ok=True)
        facts = {"digest": dataset.digest, "name": dataset.name}
        spec = config.generator_spec(len(dataset.class_names))
        state = TrainingState(config, spec, facts)
    budget = Budget(images=images)
    if not budget.is_spent(state.images_seen) and not train(
        state, dataset, run_dir, budget, Cadence()
    ):
        raise SystemExit(f"{run_dir} was interrupted; repeat the command to go on")
    return state

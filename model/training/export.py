"""From a training state to a checkpoint that the service loads."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from model.checkpoint import Checkpoint, write_checkpoint
from model.discovery import add_discovered
from model.discriminators import HeldDiscriminator
from model.golden import Golden
from model.provenance import Provenance, software_versions
from model.sealing import seal_checkpoint
from model.training.ema import recalibrate_batch_norm
from model.training.guard import verdict
from model.training.state import TrainingState


def export_checkpoint(
    state: TrainingState, path: Path, has_discriminator: bool = False
) -> Checkpoint:
    """Write the averaged generator of `state` to `path`, with golden pixels and directions.

    With the discriminator beside it, as it is at the end of the run, where that is asked for.

    The golden seeds are rendered by the engine that will serve them, on the CPU, in float32
    and in the precision of this machine, so that training and serving cannot drift apart unseen.
    """
    generator = state.ema_generator.to("cpu")
    recalibrate_batch_norm(generator, state.spec)
    draft = Checkpoint(
        spec=state.spec,
        weights=_plain_weights(generator),
        golden=Golden.unknown(state.spec),
        provenance=_provenance(state),
        class_names=tuple(state.facts["class_names"]) if state.spec.is_conditional else (),
        attribute_names=tuple(state.facts["attribute_names"]),
        discriminator=_held(state) if has_discriminator else None,
    )
    return write_checkpoint(seal_checkpoint(add_discovered(draft)), path)


def _plain_weights(network: nn.Module) -> dict[str, Tensor]:
    return {
        name: tensor.to("cpu").contiguous(memory_format=torch.contiguous_format)
        for name, tensor in network.state_dict().items()
    }


def _held(state: TrainingState) -> HeldDiscriminator:
    return HeldDiscriminator(
        description=state.config.discriminator_spec(state.spec),
        is_told_labels=state.spec.is_conditional and not state.config.has_classes_to_find,
        weights=_plain_weights(state.discriminator),
    )


def _provenance(state: TrainingState) -> Provenance:
    facts = state.facts
    return Provenance(
        preset=state.config.preset,
        dataset=facts["name"],
        licence=facts["licence"],
        credit=facts["credit"],
        images_seen=state.images_seen,
        seed=state.config.seed,
        git_commit=_git_commit(),
        software=software_versions(),
        scores=_scores(facts),
    )


def _scores(facts: dict[str, Any]) -> dict[str, float]:
    """Return the samples' variety, and what the collapse guard had to do, where measured."""
    scores = {
        name: facts[name]
        for name in ("diversity", "structure")
        if math.isfinite(facts.get(name, math.nan))
    }
    if memory := facts.get("guard"):
        scores["guard_rollbacks"] = float(memory["rollbacks"])
        scores["collapsed"] = float(bool(verdict(facts)))
    return scores


def _git_commit() -> str:
    """Return the commit of the code, "" outside its own checkout: provenance is best effort.

    An installed copy may lie inside somebody else's repository, whose commit says nothing.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""

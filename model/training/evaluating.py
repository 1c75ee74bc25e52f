"""The command `evaluate`: scores of a checkpoint as a table, as JSON, and into its provenance."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from model.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from model.contact_sheet import contact_sheet
from model.png import encode_png
from model.training.metrics.evaluation import EvaluationRequest, evaluate
from model.training.metrics.scores import Evaluation

_SHEET_COLUMNS = 8  # even, so that a pair stays in one row


def run_evaluate(arguments: argparse.Namespace) -> None:
    """Evaluate a checkpoint and say what was found."""
    if arguments.samples < 1:
        raise ValueError(f"samples must be positive, not {arguments.samples}")
    if arguments.best_of < 1:
        raise ValueError(f"the best is chosen of 1 candidate or more, not of {arguments.best_of}")
    if arguments.write and arguments.best_of > 1:
        raise ValueError("--write is for the scores of all samples, not of the best: one or other")
    request = EvaluationRequest(
        checkpoint=arguments.checkpoint,
        data=arguments.data,
        held_out=arguments.held_out,
        samples=arguments.samples,
        features=arguments.features,
        device=arguments.device,
        precision=arguments.precision,
        best_of=arguments.best_of,
    )
    evaluation = evaluate(request, show_progress=True)
    print(f"{evaluation.samples} samples and as many real images in each of two halves, on")
    print(f"{evaluation.facts['features']}; intervals are of 95 %\n")
    print(evaluation.to_table())
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(evaluation.to_json())
        print(f"\n{arguments.out}: written")
    if arguments.nearest is not None and evaluation.closest is not None:
        arguments.nearest.parent.mkdir(parents=True, exist_ok=True)
        sheet = contact_sheet(evaluation.closest, _SHEET_COLUMNS)
        arguments.nearest.write_bytes(encode_png(sheet))
        print(f"\n{arguments.nearest}: the samples nearest to a training image, each beside it")
    if arguments.write:
        written = write_scores(evaluation, arguments.checkpoint)
        print(f"\n{arguments.checkpoint}: scores written, digest {written.digest}")


def write_scores(evaluation: Evaluation, path: Path) -> Checkpoint:
    """Put the scores into the provenance of the checkpoint that they were measured on.

    The file is replaced whole or not at all; its weights and golden pixels stay, its digest
    changes. ValueError if it is another file by now.
    """
    checkpoint = read_checkpoint(path)
    if checkpoint.digest != evaluation.facts["digest"]:
        raise ValueError(f"{path} has changed since it was evaluated")
    scores = {**checkpoint.provenance.scores, **evaluation.for_provenance()}
    provenance = dataclasses.replace(checkpoint.provenance, scores=scores)
    return write_checkpoint(dataclasses.replace(checkpoint, provenance=provenance), path)

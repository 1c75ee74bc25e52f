"""The command `directions`: find directions and write them into a checkpoint."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import torch

from model.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from model.directions import Directions
from model.discovery import add_discovered
from model.training.attribute_directions import MIN_AGREEMENT, direction_name, fit_attributes
from model.training.attribute_judge import AttributeJudge, train_attribute_judge
from model.training.dataset import ImageDataset, open_dataset


def run_directions(arguments: argparse.Namespace) -> None:
    """Write SeFa and PCA, and with `--data` named attributes; say what each is worth."""
    checkpoint = add_discovered(read_checkpoint(arguments.checkpoint))
    if arguments.data is not None:
        torch.set_num_threads(1)
        fitted = find_attributes(checkpoint, arguments.data, arguments.seed)
        discovered = checkpoint.directions.of_kind("sefa", "pca")
        checkpoint = dataclasses.replace(
            checkpoint, directions=Directions.concatenate(fitted, discovered)
        )
    out: Path = arguments.out or arguments.checkpoint
    written = write_checkpoint(checkpoint, out)
    print(f"{out}: {len(written.directions)} directions, digest {written.digest}")
    print(f"look at one:  python -m model explore {out} --seed 7 --direction sefa-1")


def find_attributes(checkpoint: Checkpoint, data: Path, seed: int) -> Directions:
    """Train a judge on the labelled images of `data` and fit a direction for each attribute.

    ValueError if the images have no attributes, or fewer than the judge needs.
    """
    spec = checkpoint.spec
    dataset = open_dataset(
        data,
        img_resolution=spec.img_resolution,
        img_width=spec.img_width,
        img_channels=spec.img_channels,
    )
    if dataset.attributes is None:
        raise ValueError(f"{data} has no attributes: labels.jsonl or CelebA's list would name them")
    judge = train_attribute_judge(
        np.asarray(dataset.pixels), dataset.attributes, seed=seed, show_progress=True
    )
    fitted = fit_attributes(checkpoint, judge, dataset.attribute_names, show_progress=True)
    _report(fitted, judge, dataset)
    return fitted


def _report(fitted: Directions, judge: AttributeJudge, dataset: ImageDataset) -> None:
    found = dict(zip(fitted.names, fitted.entries, strict=True))
    for column, accuracy in zip(dataset.attribute_names, judge.accuracies, strict=True):
        entry = found.get(direction_name(column))
        if entry is None:
            print(f"{column:24} left out: no direction moves it in {MIN_AGREEMENT:.0%} of samples")
            continue
        leaks = sorted(entry.leaks.items(), key=lambda item: -item[1])[:3]
        told = ", ".join(f"{name} {share:.0%}" for name, share in leaks)
        print(
            f"{column:24} {entry.scores['agreement']:.0%} at {entry.strength:g}, "
            f"judge {accuracy:.1%}; moves {told}"
        )

"""The command `directions`: find directions and write them into a checkpoint."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from model.directions import Directions
from model.discovery import add_discovered
from model.training.attribute_directions import MIN_AGREEMENT, direction_name, fit_attributes
from model.training.attribute_judge import AttributeJudge, train_attribute_judge
from model.training.dataset import ImageDataset, open_dataset_for


def run_directions(arguments: argparse.Namespace) -> None:
    """Write SeFa and PCA, and with `--data` named attributes; say what each is worth.

    Without those that `--drop` names.
    """
    checkpoint = add_discovered(read_checkpoint(arguments.checkpoint))
    if arguments.data is not None:
        torch.set_num_threads(1)
        fitted = find_attributes(checkpoint, arguments.data, arguments.seed)
        discovered = checkpoint.directions.of_kind("sefa", "pca")
        checkpoint = dataclasses.replace(
            checkpoint, directions=Directions.concatenate(fitted, discovered)
        )
    if arguments.drop:
        kept = checkpoint.directions.without(*arguments.drop)
        checkpoint = dataclasses.replace(checkpoint, directions=kept)
    out: Path = arguments.out or arguments.checkpoint
    written = write_checkpoint(checkpoint, out)
    print(f"{out}: {len(written.directions)} directions, digest {written.digest}")
    print(f"look at one:  python -m model explore {out} --seed 7 --direction sefa-1")


def find_attributes(checkpoint: Checkpoint, data: Path, seed: int) -> Directions:
    """Train two judges on the labelled images of `data` and fit a direction for each attribute.

    Each judge knows half of the images: the one that did not steer says what a direction is
    worth. ValueError if the images have no attributes, or fewer than the judge needs.
    """
    spec = checkpoint.spec
    dataset = open_dataset_for(spec, data)
    if dataset.attributes is None:
        raise ValueError(f"{data} has no attributes: labels.jsonl or CelebA's list would name them")
    judges = _train_judges(np.asarray(dataset.pixels), dataset.attributes, seed)
    fitted = fit_attributes(checkpoint, judges, dataset.attribute_names, show_progress=True)
    _report(fitted, judges[1], dataset)
    return fitted


def _train_judges(
    pixels: NDArray[np.uint8], attributes: NDArray[np.uint8], seed: int
) -> tuple[AttributeJudge, AttributeJudge]:
    order = np.random.default_rng(seed).permutation(len(pixels))
    steering, verifying = np.sort(order[::2]), np.sort(order[1::2])
    return (
        train_attribute_judge(
            pixels[steering], attributes[steering], seed=seed, networks=2, show_progress=True
        ),
        train_attribute_judge(
            pixels[verifying], attributes[verifying], seed=seed + 1, show_progress=True
        ),
    )


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

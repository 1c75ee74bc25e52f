"""Directions that a generator shows by itself, without a label: SeFa and GANSpace."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.checkpoint import Checkpoint
from model.directions import Direction, DirectionKind, Directions, point
from model.first_layer import first_features, first_matrix
from model.generators import load_generator
from model.latents import sample_latents
from model.numeric_path import to_tensors
from model.spec import GeneratorSpec

DISCOVERED = 8  # of each kind
_FIRST_SEED = 2**40  # far from the seeds that people look at
_MIN_SAMPLES, _MAX_SAMPLES = 512, 4096
_MAX_VALUES = 2**26  # of all features of all samples: 256 MiB
_POWER_ITERATIONS = 8


def add_discovered(checkpoint: Checkpoint, count: int = DISCOVERED) -> Checkpoint:
    """Return `checkpoint` with `count` directions of SeFa and of PCA, less if z is smaller.

    Those of these kinds that it had are replaced, the others kept.
    """
    generator = load_generator(checkpoint.spec, checkpoint.weights)
    found = Directions.concatenate(
        checkpoint.directions.of_kind("attribute"),
        find_sefa(generator, checkpoint.spec, count),
        find_pca(generator, checkpoint.spec, count),
    )
    return dataclasses.replace(checkpoint, directions=found)


def find_sefa(generator: nn.Module, spec: GeneratorSpec, count: int) -> Directions:
    """Return the unit vectors that the first layer A stretches most.

    SeFa (Shen & Zhou, 2021, equations 5 to 8): the eigenvectors of the transpose of A times
    A with the largest eigenvalues. A transposed convolution's A has a row for each channel of
    each tap, so its taps are summed over.
    """
    a = first_matrix(generator, spec.z_dim, spec.is_conditional).numpy()
    _, vectors = np.linalg.eigh(a.T @ a)  # ascending
    return _name("sefa", vectors.T[::-1][:count])


def find_pca(generator: nn.Module, spec: GeneratorSpec, count: int) -> Directions:
    """Return the directions of z along which first-layer features vary most.

    GANSpace (Harkonen et al., 2020, section 3.1): principal components of the features of
    many seeded samples, then for each the direction of z that explains its coordinate best
    in least squares. The features are those after the first rectifier, and those of a
    conditional generator are centred class by class, as a class is not in z.
    """
    features, z = _sample_features(generator, spec)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        rank = min(count + 8, *features.shape)
        _, _, components = torch.svd_lowrank(features, rank, _POWER_ITERATIONS)
    coordinates = (features @ components[:, : min(count, spec.z_dim)]).numpy().astype(np.float64)
    solution, *_ = np.linalg.lstsq(coordinates, z, rcond=None)
    return _name("pca", solution)


def _sample_features(
    generator: nn.Module, spec: GeneratorSpec
) -> tuple[Tensor, NDArray[np.float64]]:
    """Return centred features (n, features) and the z (n, z_dim) that they come from."""
    probe = sample_latents(spec, [_FIRST_SEED])
    width = first_features(generator, *to_tensors(probe, torch.device("cpu"))).shape[1]
    samples = min(max(_MAX_VALUES // width, _MIN_SAMPLES), _MAX_SAMPLES)
    latents = sample_latents(spec, range(_FIRST_SEED, _FIRST_SEED + samples))
    parts = [
        first_features(generator, *to_tensors(part, torch.device("cpu")))
        for part in latents.split(256)
    ]
    features = torch.cat(parts)
    labels = np.zeros(samples, np.int64) if latents.labels is None else latents.labels
    z = latents.z.astype(np.float64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        features[rows] -= features[rows].mean(dim=0)
        z[rows] -= z[rows].mean(axis=0)
    return features, z


def _name(kind: DirectionKind, vectors: NDArray[np.floating[Any]]) -> Directions:
    """Number the vectors from 1 and bring each to unit length and a sign of its own."""
    entries = tuple(
        Direction(f"{kind}-{order + 1}", kind, order + 1) for order in range(len(vectors))
    )
    return Directions(np.stack([point(vector) for vector in vectors]), entries)

"""Arithmetic on averaged z: A - B + C (Radford et al., 2016, section 6.3.2, figure 7)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.face_judge import ATTRIBUTES
from benchmarks.plain_generator import PlainGenerator

_AVERAGED = 3
_NOISE = 0.25  # uniform, to either side
_NEIGHBOURS = 8

Concept = dict[str, str]


@dataclass(frozen=True)
class Equation:
    """A - B + C should have the attributes of `result`."""

    name: str
    a: Concept
    b: Concept
    c: Concept
    result: Concept


# As the paper's: with, less without, plus another one without.
EQUATIONS = (
    Equation(
        "glasses",
        a={"glasses": "yes", "hair_style": "short"},
        b={"glasses": "no", "hair_style": "short"},
        c={"glasses": "no", "hair_style": "long"},
        result={"glasses": "yes", "hair_style": "long"},
    ),
    Equation(
        "smile",
        a={"smile": "yes", "hair": "black"},
        b={"smile": "no", "hair": "black"},
        c={"smile": "no", "hair": "blonde"},
        result={"smile": "yes", "hair": "blonde"},
    ),
)


@dataclass(frozen=True)
class ArithmeticSheet:
    """Pixels of one equation: the samples (3, 3, h, w, c), their averages, nine results."""

    equation: Equation
    samples: NDArray[np.uint8]
    averages: NDArray[np.uint8]
    results: NDArray[np.uint8]  # (9, h, w, c), the exact one in the middle


def draw_equation(
    equation: Equation,
    generator: PlainGenerator,
    z: NDArray[np.float32],
    read: dict[str, NDArray[np.int64]],
) -> ArithmeticSheet:
    """Take the first three seeds that were read as each concept, and compute.

    `read` is what the judge read in each row of z (n, z_dim). The first three: nothing is
    picked by eye.
    """
    concepts = [z[matching(concept, read)[:_AVERAGED]] for concept in _terms(equation)]
    means = np.stack([rows.mean(axis=0) for rows in concepts])
    exact = means[0] - means[1] + means[2]
    stream = np.random.Generator(np.random.Philox(0))
    noise = stream.uniform(-_NOISE, _NOISE, (_NEIGHBOURS, len(exact)))
    around = np.insert(exact + noise, _NEIGHBOURS // 2, exact, axis=0).astype(np.float32)
    pixels = generator.render(np.concatenate(concepts))
    return ArithmeticSheet(
        equation,
        pixels.reshape(len(concepts), _AVERAGED, *pixels.shape[1:]),
        generator.render(means),
        generator.render(around),
    )


def combine_draws(
    equation: Equation,
    z: NDArray[np.float32],
    read: dict[str, NDArray[np.int64]],
    draws: int,
    averaged: int = _AVERAGED,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw samples of A, B and C again and again: A - B + C and C alone, (draws, z_dim) each."""
    stream = np.random.Generator(np.random.Philox(1))
    means = []
    for concept in _terms(equation):
        rows = matching(concept, read)
        chosen = np.stack([stream.choice(rows, averaged, replace=False) for _ in range(draws)])
        means.append(z[chosen].mean(axis=1))
    return means[0] - means[1] + means[2], means[2]


def matching(concept: Concept, read: dict[str, NDArray[np.int64]]) -> NDArray[np.intp]:
    """Return the rows that were read as the concept; SystemExit if there are too few."""
    rows = np.flatnonzero(has_attributes(concept, read))
    if len(rows) < _AVERAGED:
        raise SystemExit(f"only {len(rows)} samples were read as {concept}")
    return rows


def has_attributes(concept: Concept, read: dict[str, NDArray[np.int64]]) -> NDArray[np.bool_]:
    """Tell which rows were read as having all attributes of the concept, (n,)."""
    matches = [read[name] == ATTRIBUTES[name].index(value) for name, value in concept.items()]
    together: NDArray[np.bool_] = np.logical_and.reduce(matches)
    return together


def _terms(equation: Equation) -> tuple[Concept, Concept, Concept]:
    return equation.a, equation.b, equation.c

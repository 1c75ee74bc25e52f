"""Arithmetic on averaged z: A - B + C (Radford et al., 2016, section 6.3.2, figure 7)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.face_judge import ATTRIBUTES
from benchmarks.plain_generator import PlainGenerator

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
    """Pixels of one equation: the samples (3, averaged, h, w, c), their averages, nine results."""

    equation: Equation
    samples: NDArray[np.uint8]
    averages: NDArray[np.uint8]
    results: NDArray[np.uint8]  # (9, h, w, c), the exact one in the middle


def draw_terms(
    equation: Equation, read: dict[str, NDArray[np.int64]], draws: int, averaged: int
) -> NDArray[np.intp]:
    """Draw which samples are averaged to A, B and C: rows of z, (draws, 3, averaged).

    `read` is what the judge read in each row. SystemExit if a concept was read too rarely.
    """
    stream = np.random.Generator(np.random.Philox(averaged))
    terms = []
    for concept in (equation.a, equation.b, equation.c):
        rows = np.flatnonzero(has_attributes(concept, read))
        if len(rows) < averaged:
            raise SystemExit(f"only {len(rows)} samples were read as {concept}")
        terms.append([stream.choice(rows, averaged, replace=False) for _ in range(draws)])
    return np.array(terms).transpose(1, 0, 2)


def combine(z: NDArray[np.float32], terms: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return A - B + C of the averages, (draws, z_dim), for terms (draws, 3, averaged)."""
    means = z[terms].mean(axis=2)
    combined: NDArray[np.float32] = means[:, 0] - means[:, 1] + means[:, 2]
    return combined


def draw_equation(
    equation: Equation,
    generator: PlainGenerator,
    z: NDArray[np.float32],
    terms: NDArray[np.intp],
) -> ArithmeticSheet:
    """Render one draw, its terms (3, averaged): samples, averages and the result with noise."""
    exact = combine(z, terms[None])[0]
    stream = np.random.Generator(np.random.Philox(0))
    noise = stream.uniform(-_NOISE, _NOISE, (_NEIGHBOURS, len(exact)))
    around = np.insert(exact + noise, _NEIGHBOURS // 2, exact, axis=0).astype(np.float32)
    pixels = generator.render(z[terms].reshape(-1, z.shape[1]))
    return ArithmeticSheet(
        equation,
        pixels.reshape(*terms.shape, *pixels.shape[1:]),
        generator.render(z[terms].mean(axis=1)),
        generator.render(around),
    )


def has_attributes(concept: Concept, read: dict[str, NDArray[np.int64]]) -> NDArray[np.bool_]:
    """Tell which rows were read as having all attributes of the concept, (n,)."""
    matches = [read[name] == ATTRIBUTES[name].index(value) for name, value in concept.items()]
    together: NDArray[np.bool_] = np.logical_and.reduce(matches)
    return together

"""`POINT_RECIPES`: ways to train a GAN on points in the plane."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True)
class PointRecipe:
    """All that decides a result on points, beside the mixture and the seed.

    Rate and gamma go from the first to the second of their pair over the whole run: the rate
    along half a cosine, gamma geometrically. Widths of 0 stand for PacGAN's own networks.
    """

    name: str
    loss: str  # a key of LOSSES
    generator_width: int
    discriminator_width: int
    depth: int  # hidden layers, of the generator and of the discriminator
    z_dim: int
    z_signs: int  # how many of them keep only their sign; the others are normal
    batch_size: int
    steps: int
    learning_rate: tuple[float, float]
    betas: tuple[float, float]
    r1_gamma: tuple[float, float]  # weight of R1 and of R2; 0 for neither
    penalty_interval: int
    ema_halflife_steps: float  # 0 judges the raw weights
    features: int  # Fourier features of the discriminator, a sine and a cosine each; 0 for none
    highest_cycles: float  # of theirs, a unit
    noise: float  # standard deviation of instance noise at the start, a unit
    noisy_part: float  # of the run: there it has fallen to none
    is_scaled: bool  # whether the networks see the points in `Mixture.unit`; for grids it is 1


_RELATIVISTIC = PointRecipe(
    name="relativistic",
    loss="relativistic",
    generator_width=128,
    discriminator_width=128,
    depth=3,
    z_dim=12,
    z_signs=10,
    batch_size=1024,  # 41 points a mode of 25
    steps=10_000,
    learning_rate=(1e-3, 0.0),
    betas=(0.0, 0.99),
    r1_gamma=(0.8, 0.05),
    penalty_interval=2,
    ema_halflife_steps=500.0,
    features=64,
    highest_cycles=1.5,
    noise=0.0,
    noisy_part=0.3,
    is_scaled=True,
)

# For the grid of 100: see docs/modes.md.
_RELATIVISTIC_LARGE = dataclasses.replace(
    _RELATIVISTIC,
    name="relativistic-large",
    batch_size=2048,  # 20 points a mode of 100
    learning_rate=(1e-3, 1e-4),
    r1_gamma=(3.2, 0.4),
    penalty_interval=1,
    features=384,
    noise=0.8,  # two fifths of the distance of two modes
)

_VANILLA = PointRecipe(
    name="vanilla",
    loss="non-saturating",
    generator_width=0,
    discriminator_width=0,
    depth=0,
    z_dim=2,
    z_signs=0,
    batch_size=100,
    steps=400_000,  # 400 epochs of 100,000 points
    learning_rate=(1e-4, 1e-4),
    betas=(0.8, 0.999),
    r1_gamma=(0.0, 0.0),
    penalty_interval=1,
    ema_halflife_steps=0.0,
    features=0,
    highest_cycles=0.0,
    noise=0.0,
    noisy_part=0.3,
    is_scaled=False,
)

POINT_RECIPES = {recipe.name: recipe for recipe in (_RELATIVISTIC, _RELATIVISTIC_LARGE, _VANILLA)}

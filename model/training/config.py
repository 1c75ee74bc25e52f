"""`TrainConfig`: one training recipe, and `PRESETS`, the named ones."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Any

from model.spec import GeneratorSpec
from model.training.losses import LOSSES


class ConfigError(ValueError):
    """A training configuration that is out of range or cannot be read."""


@dataclass(frozen=True)
class TrainConfig:
    """All that decides the weights of a run, beside the data and the machine.

    Raises ConfigError or SpecError if a value is out of range.
    """

    preset: str
    loss: str  # a key of LOSSES
    discriminator_normalisation: str  # one of NORMALISATIONS
    r1_gamma: float  # weight of R1 and of R2 at 64 x 64; scaled with the area, 0 for none
    penalty_interval: int  # steps between penalties, each weighted by the interval
    beta1: float
    beta2: float
    learning_rate: float = 2e-4
    # The rate falls as 1/sqrt(images) from here on (Karras et al., 2024, equation 67): it
    # needs no end to be named, so any stop is a good one. 0 keeps the rate constant.
    lr_decay_start_kimg: float = 0.0
    ema_halflife_kimg: float = 0.0  # 0 exports the raw weights, as the paper did
    architecture: str = "dcgan"
    discriminator: str = "dcgan"
    img_resolution: int = 64
    img_channels: int = 3
    z_dim: int = 100
    base_channels: int = 32
    discriminator_channels: int = 32
    batch_size: int = 64
    is_conditional: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        """Check all but the data, so that a mistake is told before any image is decoded."""
        if self.loss not in LOSSES:
            raise ConfigError(f"unknown loss {self.loss!r}; there are: {', '.join(LOSSES)}")
        if self.batch_size < 2:
            raise ConfigError("batch_size must be at least 2, or batch normalisation has no batch")
        if self.penalty_interval < 1 or not 0 <= self.r1_gamma < math.inf:
            raise ConfigError("penalty_interval must be positive, r1_gamma not negative")
        if not 0 <= self.ema_halflife_kimg < math.inf:
            raise ConfigError("ema_halflife_kimg must not be negative")
        if self.r1_gamma and self.discriminator_normalisation == "batch":
            raise ConfigError(
                "a gradient penalty needs a discriminator without batch normalisation"
            )
        if not 0 <= self.seed < 2**32:
            raise ConfigError("seed must be from 0 to 4294967295")
        self.generator_spec(2)

    def generator_spec(self, num_classes: int) -> GeneratorSpec:
        """Describe the generator; `num_classes` is the data set's."""
        if self.is_conditional and num_classes < 2:
            raise ConfigError("a conditional run needs a data set with at least two classes")
        return GeneratorSpec(
            architecture=self.architecture,
            img_resolution=self.img_resolution,
            img_channels=self.img_channels,
            z_dim=self.z_dim,
            num_classes=num_classes if self.is_conditional else 0,
            base_channels=self.base_channels,
        )

    def to_json(self) -> str:
        """Write the configuration as JSON."""
        return json.dumps(dataclasses.asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> TrainConfig:
        """Read what `to_json` wrote; ConfigError if it does not fit this version."""
        try:
            fields: dict[str, Any] = json.loads(text)
            return cls(**fields)
        except (ValueError, TypeError) as error:
            raise ConfigError(f"the run's configuration cannot be read: {error}") from error


PRESETS = {
    # Radford et al., 2016, section 4, to the letter.
    "dcgan-2015": TrainConfig(
        preset="dcgan-2015",
        loss="non-saturating",
        discriminator_normalisation="batch",
        r1_gamma=0.0,
        penalty_interval=1,
        beta1=0.5,
        beta2=0.999,
    ),
    # The same generator; the game of R3GAN (Huang et al., 2024), whose local convergence is
    # proven, with the lazy penalties, EMA and its ramp of StyleGAN2 (Karras et al., 2020).
    "dcgan": TrainConfig(
        preset="dcgan",
        loss="relativistic",
        discriminator_normalisation="none",
        r1_gamma=1.0,
        penalty_interval=4,
        beta1=0.0,
        beta2=0.99,
        lr_decay_start_kimg=100.0,
        ema_halflife_kimg=10.0,
    ),
}

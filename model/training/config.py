"""`TrainConfig`: one training recipe, as data."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from model.discriminators import DiscriminatorSpec, check_discriminator
from model.generators import check_architecture
from model.spec import GeneratorSpec
from model.training.auxiliary import LatentCodes
from model.training.recipe_rules import ConfigError, check_recipe

__all__ = ["ConfigError", "TrainConfig"]


@dataclass(frozen=True)
class TrainConfig:
    """All that decides the weights of a run, beside the data and the machine.

    Raises ConfigError or SpecError if a value is out of range, or if two do not go together.
    """

    preset: str
    loss: str  # a key of LOSSES
    discriminator_normalisation: str  # one of NORMALISATIONS
    beta1: float = 0.5
    beta2: float = 0.999
    penalty: str = "none"  # one of PENALTIES
    r1_gamma: float = 0.0  # of "r1-r2" at 64 x 64; scaled with the area, 0 for none
    penalty_weight: float = 0.0  # of the others, lambda in their papers
    penalty_interval: int = 1  # steps between penalties, each weighted by the interval
    weight_clip: float = 0.0  # the critic's weights stay in [-clip, clip]; 0 for no limit
    label_smoothing: float = 0.0  # real images count as real by 1 - this
    n_critic: int = 1  # moves of the discriminator, each on new images, to one of the generator
    optimiser: str = "adam"  # one of OPTIMISERS
    learning_rate: float = 2e-4
    discriminator_rate: float = 1.0  # the discriminator's learning rate over the generator's
    # The rate falls as 1/sqrt(images) from here on (Karras et al., 2024, equation 67): it
    # needs no end to be named, so any stop is a good one. 0 keeps the rate constant.
    lr_decay_start_kimg: float = 0.0
    # r1_gamma falls in the same way from here on, as Huang et al. (2024) lower theirs tenfold:
    # a discriminator that is flat at first and may be sharper once shapes are there.
    gamma_decay_start_kimg: float = 0.0
    ema_halflife_kimg: float = 0.0  # 0 exports the raw weights, as the paper did
    architecture: str = "dcgan"  # a key of GENERATORS
    discriminator: str = "dcgan"  # a key of DISCRIMINATORS
    img_resolution: int = 64  # the height
    img_width: int | None = None  # None: the height
    attention_resolution: int | None = None  # of both networks; None: no self-attention
    img_channels: int = 3
    z_dim: int = 100
    base_channels: int = 32
    discriminator_channels: int = 32
    batch_size: int = 64
    pack: int = 1  # images that the discriminator judges together
    is_conditional: bool = False
    conditioning: str = "projection"  # one of CONDITIONINGS, where is_conditional
    code_categories: int = 0  # InfoGAN's codes, parts of z: see LatentCodes
    code_continuous: int = 0
    code_weight: float = 1.0
    # Attributes of the data that z[0], z[1], ... decide: see attribute_codes.py.
    attributes: tuple[str, ...] = ()
    attribute_weight: float = 0.3  # at 1 the images of faces-64 were worse: docs/scores.md
    augment: str = "none"  # one of AUGMENTATIONS
    ada_kimg: float = 500.0  # thousand images in which "ada" could go from never to always
    seed: int = 0

    def __post_init__(self) -> None:
        """Check all but the data, so that a mistake is told before any image is decoded."""
        object.__setattr__(self, "attributes", tuple(self.attributes))  # JSON has only lists
        check_recipe(self)
        spec = self.generator_spec(2)
        check_architecture(spec)
        check_discriminator(spec, self.discriminator_spec(spec))

    @property
    def has_penalty(self) -> bool:
        """Whether the discriminator's gradient costs anything."""
        weight = self.r1_gamma if self.penalty == "r1-r2" else self.penalty_weight
        return self.penalty != "none" and weight > 0

    @property
    def has_classes_to_find(self) -> bool:
        """Whether the discriminator names an image's class instead of being told it."""
        return self.is_conditional and self.conditioning == "acgan"

    @property
    def codes(self) -> LatentCodes:
        """Which coordinates of z the discriminator must find in an image."""
        return LatentCodes(self.code_categories, self.code_continuous)

    @property
    def further_outputs(self) -> int:
        """How many outputs the discriminator has for codes or for attributes."""
        return self.codes.outputs + len(self.attributes)

    def discriminator_spec(self, spec: GeneratorSpec) -> DiscriminatorSpec:
        """Describe the discriminator of the images of `spec`."""
        return DiscriminatorSpec(
            architecture=self.discriminator,
            base_channels=self.discriminator_channels,
            normalisation=self.discriminator_normalisation,
            pack=self.pack,
            auxiliary_outputs=(
                spec.num_classes if self.has_classes_to_find else self.further_outputs
            ),
            has_attention=self.attention_resolution is not None,
        )

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
            img_width=self.img_width,
            attention_resolution=self.attention_resolution,
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


# The discriminator that goes with a generator where none is named: of its depth and its time.
PARTNERS = {
    "dcgan": "dcgan",
    "mlp": "mlp",
    "palette": "dcgan",
    "pixel": "dcgan",
    "resize": "dcgan",
    "resnet": "resnet",
    "upsample": "residual",
}

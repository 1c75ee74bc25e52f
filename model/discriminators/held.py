"""`HeldDiscriminator`: the discriminator that a checkpoint may carry beside its generator."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from model.discriminators.building import build_discriminator
from model.discriminators.description import DiscriminatorSpec
from model.discriminators.discriminator import Discriminator
from model.spec import GeneratorSpec, SpecError


@dataclass(frozen=True)
class HeldDiscriminator:
    """A discriminator's description and weights.

    `is_told_labels` is whether it takes the class of an image: one that is to find the class
    (ACGAN) is not told it, though the generator is.
    """

    description: DiscriminatorSpec
    is_told_labels: bool
    weights: Mapping[str, Tensor]

    def load(self, spec: GeneratorSpec) -> Discriminator:
        """Build it around its weights, ready to judge images of `spec`; nothing is copied.

        Called as `discriminator(images, labels)`: images (n, c, h, w) in [-1, 1], labels
        int64 (n,) or None; gives logits (n / pack,), the higher the more like the data. The
        last bits may depend on the batch: who needs them exact judges one image at a time.
        RuntimeError if the weights do not fit.
        """
        discriminator = empty_discriminator(spec, self)
        discriminator.load_state_dict(dict(self.weights), assign=True)
        return discriminator.eval().requires_grad_(False)

    def to_json(self) -> str:
        """Write all but the weights as one line of JSON with sorted keys."""
        fields = dataclasses.asdict(self.description) | {"is_told_labels": self.is_told_labels}
        return json.dumps(fields, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, weights: Mapping[str, Tensor]) -> HeldDiscriminator:
        """Read what `to_json` wrote; SpecError if it is anything else."""
        try:
            fields: Any = json.loads(text)
            is_told_labels = fields.pop("is_told_labels")
            if type(is_told_labels) is not bool:
                raise SpecError("is_told_labels must be true or false")
            return cls(DiscriminatorSpec(**fields), is_told_labels, weights)
        except SpecError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise SpecError(f"the discriminator's description is malformed: {error}") from error


def empty_discriminator(spec: GeneratorSpec, held: HeldDiscriminator) -> Discriminator:
    """Build what `held` describes without memory for weights: it may still be only a claim.

    SpecError if it is not known, or does not go with the generator of `spec`.
    """
    if held.is_told_labels and not spec.is_conditional:
        raise SpecError("the discriminator takes labels, and the generator has no classes")
    judged = spec if held.is_told_labels else dataclasses.replace(spec, num_classes=0)
    with torch.device("meta"):
        return build_discriminator(judged, held.description)

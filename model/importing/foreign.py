"""`Foreign`: a generator of another project, understood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from model.spec import GeneratorSpec


@dataclass(frozen=True)
class Foreign:
    """A spec with weights, and the original's own forward pass to hold them against.

    `render` takes z (n, z_dim) and labels (n,) or None and gives images (n, c, h, w) in
    [-1, 1], computed from the tensors as they were in the file.
    """

    layout: str
    spec: GeneratorSpec
    weights: Mapping[str, Tensor]
    render: Callable[[Tensor, Tensor | None], Tensor]

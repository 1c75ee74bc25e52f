"""`Convention`: what a project's source code says and its tensors do not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Convention:
    """How the generators of one project are wired. Tuples of one value hold for all layers.

    `activation` and `upsample` are None where the project is unknown and a flag must say.
    """

    name: str
    activation: tuple[str, ...] | None = ("relu",)
    slope: float = 0.2
    bn_eps: tuple[float, ...] = (1e-5,)
    upsample: tuple[int, ...] | None = (1,)
    has_labels_first: bool = False

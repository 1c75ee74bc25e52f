"""`Hints`: what the user says of a generator that its tensors do not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hints:
    """Answers to what tensors leave open; None or () where nothing was said.

    `stride`, `padding`, `output_padding` and `upsample` have one number for each convolution,
    `bn_eps` one for each normalisation or one for all, `activation` one for each weighted layer
    but the last or one for all.
    """

    layout: str | None = None
    key: str | None = None
    output_range: str | None = None
    stride: tuple[int, ...] = ()
    padding: tuple[int, ...] = ()
    output_padding: tuple[int, ...] = ()
    upsample: tuple[int, ...] = ()
    bn_eps: tuple[float, ...] = ()
    norm: str | None = None
    square_kind: str | None = None  # of convolutions with as many channels in as out
    activation: tuple[str, ...] = ()
    slope: float | None = None
    image_size: int | None = None
    num_classes: int | None = None
    has_labels_first: bool | None = None

"""Verdicts on a picture: is it what the service renders for what it claims to be?"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from app.image_encoding import Pixels
from app.latent_schemas import EditsText
from app.schemas import Digest, Label, Name, Truncation, UrlSeed


class VerifyQuery(BaseModel):
    """What a picture is said to be, where its file does not say it."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    model: Name | None = Field(default=None, description="a name of /models")
    digest: Digest | None = Field(default=None, description="sha256 of the checkpoint")
    seed: UrlSeed | None = Field(default=None, description="none: what the file claims")
    label: Label | None = Field(default=None, description="with seed: a class, by index or name")
    truncation: Truncation | None = Field(default=None, description="with seed; none: 1")
    edits: EditsText | None = Field(
        default=None, description="with seed: how far along which directions", examples=["sefa-1:2"]
    )


class Difference(BaseModel):
    """How far a picture is from what the service renders in its place."""

    pixels: int
    changed_pixels: int
    max_difference: int = Field(description="of any sample, from 0 to 255")
    psnr_db: float | None = Field(description="null where no sample differs")


class Verification(BaseModel):
    """What became of a picture."""

    verdict: Literal["identical", "altered", "another-model", "unknown"]
    detail: str
    model: str | None = Field(default=None, description="the model that it is, or was, held to")
    digest: str | None = Field(default=None, description="of that model, or the one it claims")
    claim: dict[str, Any] | None = Field(default=None, description="what the file says of itself")
    difference: Difference | None = Field(
        default=None, description="null where nothing of this size could be compared"
    )
    is_same_numeric_path: bool | None = Field(
        default=None,
        description="false: made on another kind of machine; pixels may round apart",
    )


def measure_difference(picture: Pixels, rendered: Pixels) -> Difference | None:
    """Compare pixels uint8 (h, w, c) as RGBA; None if their sizes differ.

    PSNR as always: ten times the decimal logarithm of 255 squared over the mean squared error.
    """
    if picture.shape[:2] != rendered.shape[:2]:
        return None
    distance = np.abs(_widen(picture).astype(np.int16) - _widen(rendered))
    mean_square = float(np.square(distance.astype(np.float64)).mean())
    return Difference(
        pixels=distance.shape[0] * distance.shape[1],
        changed_pixels=int(distance.any(axis=2).sum()),
        max_difference=int(distance.max()),
        psnr_db=10 * float(np.log10(255**2 / mean_square)) if mean_square else None,
    )


def _widen(pixels: Pixels) -> Pixels:
    """Write gray, gray and alpha, or RGB as RGBA."""
    channels = pixels.shape[2]
    colour = pixels[..., : channels - 1 + channels % 2]
    alpha = pixels[..., -1:] if channels % 2 == 0 else np.full_like(pixels[..., :1], 255)
    if colour.shape[2] == 1:
        colour = np.repeat(colour, 3, axis=2)
    return np.concatenate([colour, alpha], axis=2)

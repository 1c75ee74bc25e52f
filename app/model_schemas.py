"""Wire types of /models: what the service tells of what it serves."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from model.edits import MAX_EDIT_STRENGTH
from model.latents import MAX_SEED


class Limits(BaseModel):
    """What one request may ask for."""

    max_images: int
    max_steps: int
    max_pixels: int
    max_body_bytes: int
    max_latent_magnitude: float
    max_seed: int = MAX_SEED
    max_edit_strength: float = MAX_EDIT_STRENGTH
    deadline_s: float


class ModelInfo(BaseModel):
    """One served model."""

    name: str
    digest: str = Field(description="sha256 of the checkpoint file")
    is_default: bool
    is_ready: bool
    spec: dict[str, Any]
    class_names: list[str]
    attribute_names: list[str]
    provenance: dict[str, Any] = Field(description="data, licence, credit, recipe and scores")
    latent_scheme: str
    numeric_path: str = Field(description="what the bits of a pixel depend on besides the digest")
    golden_verdict: str = Field(
        description="exact: renders the exporter's very pixels; close: some differ by a rounding"
    )
    device: str
    precision: str = Field(description="int8, float16, bfloat16 or float32")
    psnr_db: float | None = Field(description="distance from float32; null in float32 itself")
    batch_shapes: list[int] = Field(description="the batches that give equal pixels")
    lanes: int = Field(description="the batches that run at once")
    limits: Limits


class ModelList(BaseModel):
    """Every served model."""

    default: str
    models: list[ModelInfo]

"""`Settings`: what an operator may choose, read from GANLOOM_* variables."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_MAX_KEY_BYTES = 64
_NEARLY = 0.9  # of two names alike, by difflib: a slip or two in a name, not another word


class Settings(BaseSettings):
    """Everything that can be set; each field is also the variable GANLOOM_<FIELD>.

    Made when the factory runs, never at import. Raises pydantic's ValidationError.
    """

    model_config = SettingsConfigDict(
        env_prefix="GANLOOM_", frozen=True, extra="forbid", allow_inf_nan=False
    )

    weights: Path = Field(
        default=Path("weights"), description="folder of *.safetensors checkpoints"
    )
    default_model: str | None = Field(
        default=None, description="the model of requests that name none"
    )
    device: str = Field(default="auto", description="auto, cpu, cuda or cuda:N")
    precision: Literal["auto", "int8", "float16", "bfloat16", "float32"] = Field(
        default="auto",
        description="number format of a pass; auto: the fastest within 40 dB",
    )
    lanes: int | None = Field(
        default=None, ge=1, le=1024, description="batches rendered at once; none: one a core, to 8"
    )
    max_batch_size: int = Field(default=32, ge=1, le=1024, description="images in one forward pass")

    queue_capacity: int | None = Field(
        default=None,
        ge=1,
        description="images that may wait or run before a refusal; none: two batches a lane",
    )
    deadline_s: float = Field(
        default=30.0, gt=0, description="a request that takes longer gets a 504"
    )
    drain_s: float = Field(
        default=20.0, ge=0, description="time that a stop leaves to running requests"
    )
    canary_period_s: float = Field(
        default=60.0, gt=0, description="between two checks of the weights"
    )

    max_images: int = Field(default=256, ge=1, description="images in one /generate")
    max_best_of: int = Field(default=16, ge=1, description="seeds that one image is chosen from")
    max_steps: int = Field(default=512, ge=2, description="frames in one /interpolate")
    max_pixels: int = Field(
        default=2**24, ge=2**16, description="pixels in one response, all images"
    )
    max_body_bytes: int = Field(default=2**20, ge=2, description="bytes of one request body")
    max_latent_magnitude: float = Field(default=10.0, gt=0, description="bound of |z| in `latents`")

    max_upload_bytes: int = Field(default=2**23, ge=2**10, description="bytes of a sent image")
    max_upload_pixels: int = Field(
        default=2**24, ge=2**10, description="pixels of a sent image, decoded"
    )
    inversions: int = Field(default=4, ge=1, le=64, description="inversions that run at once")
    inversion_queue: int = Field(default=16, ge=0, description="inversions that may wait")
    inversion_limit_s: float = Field(
        default=600.0, gt=0, description="an inversion that runs longer fails"
    )
    job_ttl_s: float = Field(default=600.0, gt=0, description="how long an ended job is kept")
    provenance: bool = Field(
        default=False, description="files say what made them, unless a request says otherwise"
    )
    avatar_key: SecretStr = Field(
        default=SecretStr(""), description="secret that makes avatars those of this deployment"
    )

    @field_validator("avatar_key")
    @classmethod
    def _bound_avatar_key(cls, key: SecretStr) -> SecretStr:
        """Refuse at the start what BLAKE2b would refuse at the first avatar."""
        if len(key.get_secret_value().encode()) > _MAX_KEY_BYTES:
            raise ValueError(f"at most {_MAX_KEY_BYTES} bytes")
        return key


def misspelt_settings(variables: Iterable[str]) -> dict[str, str]:
    """Return each variable that is nearly a setting, with the one that was meant.

    Others that begin with GANLOOM_ are let be: the compose file and the image cache have theirs,
    and Kubernetes sets some for a service called ganloom.
    """
    settings = [f"GANLOOM_{name.upper()}" for name in Settings.model_fields]
    nearest = {
        name: difflib.get_close_matches(name, settings, n=1, cutoff=_NEARLY)
        for name in variables
        if name.startswith("GANLOOM_") and name not in settings
    }
    return {name: meant[0] for name, meant in nearest.items() if meant}

"""`RenderPlan`: a request that was found to be right, and all that its answer depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from app.catalog import Catalog, ServedGenerator
from app.errors import InvalidRequest
from app.image_encoding import AnimationFormat, ImageFormat, encoder_version
from app.settings import Settings
from model.latents import (
    MAX_SEED,
    Interpolation,
    Latents,
    fixed_labels,
    interpolate,
    sample_latents,
    truncate,
)

Layout = Literal["single", "grid", "strip", "zip", "multipart", "json", "animation"]


@dataclass(frozen=True)
class Seeds:
    """One image a seed. `field` is what the client called them."""

    seeds: Sequence[int]
    field: str = "seeds"


@dataclass(frozen=True)
class LatentRows:
    """One image a row of z."""

    z: list[list[float]]


@dataclass(frozen=True)
class Walk:
    """`steps` images on the way through the latents of `seeds`."""

    seeds: Sequence[int]
    steps: int
    method: Interpolation


@dataclass(frozen=True)
class RenderRequest:
    """What a route asks for, in the client's words; None stands for a default."""

    source: Seeds | LatentRows | Walk
    layout: Layout
    image_format: ImageFormat | AnimationFormat
    model: str | None = None
    digest: str | None = None
    label: int | str | None = None
    truncation: float = 1.0


@dataclass(frozen=True)
class RenderPlan:
    """A request that was found to be right, with its generator and label resolved."""

    request: RenderRequest
    generator: ServedGenerator
    label: int | None

    @property
    def seeds(self) -> Sequence[int]:
        """The seeds of the request; none for explicit latents."""
        source = self.request.source
        return () if isinstance(source, LatentRows) else source.seeds

    @property
    def count(self) -> int:
        """The images to render."""
        source = self.request.source
        if isinstance(source, Walk):
            return source.steps
        return len(source.z if isinstance(source, LatentRows) else source.seeds)

    @property
    def etag(self) -> str:
        """The strong ETag of the answer, from all that its bytes depend on."""
        request, generator = self.request, self.generator
        source: Any = request.source
        parts = [
            *(
                generator.digest,
                generator.facts.numeric_path,
                generator.latent_scheme,
                encoder_version(),
            ),
            *(type(source).__name__, vars(source) | {"field": None}, self.label),
            *(abs(request.truncation), request.layout, request.image_format.value),
        ]
        text = json.dumps(parts, sort_keys=True, default=list)
        return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'

    def make_latents(self) -> Latents:
        """Build the rows to render."""
        spec, source = self.generator.spec, self.request.source
        if isinstance(source, LatentRows):
            z = np.asarray(source.z, np.float32)
            latents = Latents(z, fixed_labels(spec, len(z), self.label))
        else:
            latents = sample_latents(spec, source.seeds, self.label)
        if isinstance(source, Walk):
            latents = interpolate(latents, source.steps, source.method)
        return truncate(latents, abs(self.request.truncation))


def make_plan(request: RenderRequest, catalog: Catalog, settings: Settings) -> RenderPlan:
    """Check a request against its model and the limits; raises what is wrong with it."""
    generator = catalog.find(request.model, request.digest)
    _check_source(request.source, generator, settings)
    return RenderPlan(request, generator, _resolve_label(request, generator))


def most_images(generator: ServedGenerator, settings: Settings) -> int:
    """Return how many images of this model one request may ask for."""
    height, width = generator.spec.img_size
    return min(settings.max_images, settings.max_pixels // (height * width))


def _check_source(
    source: Seeds | LatentRows | Walk, generator: ServedGenerator, settings: Settings
) -> None:
    """Bound the images, their pixels and the values of z."""
    if isinstance(source, Walk):
        field, count, limit = "steps", source.steps, settings.max_steps
        if len(source.seeds) > source.steps:
            raise InvalidRequest("steps", "a walk needs at least a step for each of its seeds")
    elif isinstance(source, Seeds):
        field, count, limit = source.field, len(source.seeds), settings.max_images
    else:
        field, count, limit = "latents", len(source.z), settings.max_images
    height, width = generator.spec.img_size
    limit = min(limit, settings.max_pixels // (height * width))
    if count > limit:
        raise InvalidRequest(field, f"at most {limit} images of this model in one request")
    if isinstance(source, LatentRows):
        _check_rows(source.z, generator.spec.z_dim, settings.max_latent_magnitude)
    elif max(source.seeds) > MAX_SEED:
        raise InvalidRequest("seed" if field == "n" else "seeds", f"at most {MAX_SEED}")


def _check_rows(rows: list[list[float]], z_dim: int, magnitude: float) -> None:
    for index, row in enumerate(rows):
        if len(row) != z_dim:
            raise InvalidRequest(
                f"latents.{index}", f"this model's rows have {z_dim} numbers, not {len(row)}"
            )
        if max(row) > magnitude or min(row) < -magnitude:
            raise InvalidRequest(
                f"latents.{index}", f"numbers from -{magnitude:g} to {magnitude:g}"
            )


def _resolve_label(request: RenderRequest, generator: ServedGenerator) -> int | None:
    """Turn a class name or an index, which a URL writes as text, into an index."""
    label, num_classes = request.label, generator.spec.num_classes
    if label is None:
        if num_classes and isinstance(request.source, LatentRows):
            raise InvalidRequest("label", "explicit latents of this model need a class")
        return None
    if not num_classes:
        raise InvalidRequest("label", "this model has no classes")
    if label in generator.class_names:
        return generator.class_names.index(str(label))
    if isinstance(label, str) and label.isascii() and label.isdigit() and len(label) <= 4:
        label = int(label)
    if isinstance(label, int) and 0 <= label < num_classes:
        return label
    raise InvalidRequest("label", f"a class name, or an index from 0 to {num_classes - 1}")

"""`Renderer`: from a request to the bytes of its answer.

`plan` decides everything about an answer, its ETag included, and allocates nothing;
`render` then runs the plan. So a conditional request is answered between the two.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from app.batching import RenderedRows
from app.catalog import Catalog, ServedGenerator
from app.errors import DeadlineExceeded, InvalidRequest, Overloaded
from app.image_encoding import (
    ENCODER_VERSION,
    AnimationFormat,
    ImageFormat,
    Pixels,
    encode_animation,
    encode_image,
    pack_json,
    pack_multipart,
    pack_zip,
)
from app.metrics import Metrics
from app.settings import Settings
from model.contact_sheet import contact_sheet
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
    def etag(self) -> str:
        """The strong ETag of the answer, from all that its bytes depend on."""
        request, generator = self.request, self.generator
        source: Any = request.source
        parts = [
            *(generator.digest, generator.numeric_path, generator.latent_scheme, ENCODER_VERSION),
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


@dataclass(frozen=True)
class Rendering:
    """The bytes of an answer, and where its time went."""

    body: bytes
    media_type: str
    queue_ms: float
    forward_ms: float
    encode_ms: float
    batch_images: int


class Renderer:
    """Runs requests against the catalog; owns the threads that encode."""

    def __init__(self, catalog: Catalog, settings: Settings, metrics: Metrics) -> None:
        self._catalog = catalog
        self._settings = settings
        self._metrics = metrics
        self._encoders = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="encoder")
        self._encoding_images = 0

    def plan(self, request: RenderRequest) -> RenderPlan:
        """Check a request against its model and the limits; raises what is wrong with it."""
        generator = self._catalog.find(request.model, request.digest)
        self._check_source(request.source, generator)
        label = _resolve_label(request, generator)
        return RenderPlan(request, generator, label)

    async def render(self, plan: RenderPlan) -> Rendering:
        """Sample, generate and encode, within the deadline."""
        generator = plan.generator
        generator.require_ready()
        self._require_room_to_encode()
        try:
            async with asyncio.timeout(self._settings.deadline_s):
                latents = plan.make_latents()
                rows = await generator.batcher.submit(latents)
                body, media_type, encode_ms = await self._encode(plan, latents, rows)
        except TimeoutError as error:
            limit_s = self._settings.deadline_s
            raise DeadlineExceeded(f"The answer took longer than {limit_s:g} s.") from error
        return Rendering(
            body, media_type, rows.queue_ms, rows.forward_ms, encode_ms, rows.batch_images
        )

    def close(self) -> None:
        """Stop the encoding threads; what has not begun is dropped."""
        self._encoders.shutdown(wait=False, cancel_futures=True)

    def _require_room_to_encode(self) -> None:
        """Bound what has left a generator's queue but not the service, as the queue is bound."""
        if self._encoding_images >= self._settings.queue_capacity:
            raise Overloaded(1.0)

    async def _encode(
        self, plan: RenderPlan, latents: Latents, rows: RenderedRows
    ) -> tuple[bytes, str, float]:
        """Encode off the event loop and off the generator's thread."""
        self._encoding_images += len(latents)
        try:
            body, media_type, encode_ms = await asyncio.get_running_loop().run_in_executor(
                self._encoders, _encode_timed, plan, latents, rows.pixels
            )
        finally:
            self._encoding_images -= len(latents)
        self._metrics.encode_seconds.labels(plan.request.layout).observe(encode_ms / 1e3)
        return body, media_type, encode_ms

    def _check_source(self, source: Seeds | LatentRows | Walk, generator: ServedGenerator) -> None:
        """Bound the images, their pixels and the values of z."""
        settings = self._settings
        if isinstance(source, Walk):
            field, count, limit = "steps", source.steps, settings.max_steps
            if len(source.seeds) > source.steps:
                raise InvalidRequest("steps", "a walk needs at least a step for each of its seeds")
        elif isinstance(source, Seeds):
            field, count, limit = source.field, len(source.seeds), settings.max_images
        else:
            field, count, limit = "latents", len(source.z), settings.max_images
        pixels = generator.spec.img_resolution**2
        limit = min(limit, settings.max_pixels // pixels)
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


def _encode_timed(plan: RenderPlan, latents: Latents, pixels: Pixels) -> tuple[bytes, str, float]:
    started_s = time.perf_counter()
    body, media_type = _encode_answer(plan, latents, pixels)
    return body, media_type, 1e3 * (time.perf_counter() - started_s)


def _encode_answer(plan: RenderPlan, latents: Latents, pixels: Pixels) -> tuple[bytes, str]:
    """Encode `pixels` (n, h, w, c) in the layout asked for; returns the body and its type."""
    layout, image_format = plan.request.layout, plan.request.image_format
    if isinstance(image_format, AnimationFormat):
        return encode_animation(pixels, image_format), image_format.media_type
    if layout == "single":
        return encode_image(pixels[0], image_format), image_format.media_type
    if layout in ("grid", "strip"):
        sheet = contact_sheet(pixels, len(pixels) if layout == "strip" else None)
        return encode_image(sheet, image_format), image_format.media_type
    files = [encode_image(image, image_format) for image in pixels]
    names = [f"{stem}.{image_format.extension}" for stem in _name_rows(plan, len(pixels))]
    if layout == "zip":
        return pack_zip(names, files), "application/zip"
    if layout == "multipart":
        return pack_multipart(names, files, image_format.media_type)
    labels = [None] * len(files) if latents.labels is None else latents.labels.tolist()
    seeds: Sequence[int | None] = plan.seeds or [None] * len(files)
    images = [{"seed": seed, "label": label} for seed, label in zip(seeds, labels, strict=True)]
    head = {
        "model": plan.generator.name,
        "digest": plan.generator.digest,
        "media_type": image_format.media_type,
    }
    return pack_json(head, images, files), "application/json"


def _name_rows(plan: RenderPlan, count: int) -> list[str]:
    """Name each row by its seed, a repeated seed by its repetition too."""
    if not isinstance(plan.request.source, Seeds):
        stem = "frame" if isinstance(plan.request.source, Walk) else "latent"
        return [f"{stem}-{row:03d}" for row in range(count)]
    seen: dict[int, int] = {}
    names = []
    for seed in plan.seeds:
        seen[seed] = seen.get(seed, 0) + 1
        names.append(f"seed-{seed}" + (f"-{seen[seed]}" if seen[seed] > 1 else ""))
    return names

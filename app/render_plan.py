"""`RenderPlan`: a request that was found to be right, and all that its answer depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from app.catalog import Catalog, ServedGenerator
from app.errors import InvalidRequest
from app.films.timing import FilmTiming
from app.films.writer import film_version
from app.image_encoding import AnimationFormat, ImageFormat, encoder_version
from app.latent_sources import Mixes, Sweep, check_mixes, check_row, require_directions
from app.settings import Settings
from app.version import installed_version
from model.candidates import candidate_seeds, choose_winners
from model.easing import Easing
from model.edits import Edits, edit_rows
from model.judge import judging_path
from model.latents import (
    MAX_SEED,
    Interpolation,
    Latents,
    fixed_labels,
    interpolate,
    sample_latents,
    truncate,
)
from model.mix import mix_latents

_MAX_CLASSES_TOLD = 20

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
    easing: Easing = "linear"

    @property
    def key_frames(self) -> int:
        """How many seeds to pass."""
        return len(self.seeds)


Source = Seeds | LatentRows | Walk | Sweep | Mixes


@dataclass(frozen=True)
class RenderRequest:
    """What a route asks for, in the client's words; None stands for a default."""

    source: Source
    layout: Layout
    image_format: ImageFormat | AnimationFormat
    model: str | None = None
    digest: str | None = None
    label: int | str | None = None
    truncation: float = 1.0
    edits: Edits = ()
    timing: FilmTiming | None = None  # of a film, and of nothing else
    provenance: bool | None = None  # whether files carry their claim
    best_of: int = 1  # the seeds that each image is chosen from


@dataclass(frozen=True)
class RenderPlan:
    """A request that was found to be right, with its generator and label resolved."""

    request: RenderRequest
    generator: ServedGenerator
    label: int | None
    has_claims: bool = False

    @property
    def seeds(self) -> Sequence[int]:
        """The seeds of the request; none for explicit latents."""
        source = self.request.source
        return () if isinstance(source, LatentRows) else source.seeds

    @property
    def count(self) -> int:
        """The images to render."""
        source = self.request.source
        if isinstance(source, Walk | Sweep):
            return source.steps
        if isinstance(source, Mixes):
            return len(source.mixes)
        return len(source.z if isinstance(source, LatentRows) else source.seeds)

    @property
    def draws(self) -> int:
        """The seeds to draw or rows to build, whichever are more."""
        source = self.request.source
        return max(self.count, source.drawn if isinstance(source, Mixes) else 0)

    @property
    def candidates(self) -> RenderPlan:
        """The plan of all seeds to choose from, `best_of` for each that was asked for."""
        count = self.request.best_of
        return self._of([each for seed in self.seeds for each in candidate_seeds(seed, count)])

    def choose_best(self, logits: Sequence[float]) -> RenderPlan:
        """Return the plan of the seeds that win, given the logits of `candidates`."""
        seeds = self.candidates.seeds
        winners = choose_winners(logits, self.request.best_of)
        return self._of([seeds[winner] for winner in winners])

    def _of(self, seeds: Sequence[int]) -> RenderPlan:
        return replace(self, request=replace(self.request, source=Seeds(seeds), best_of=1))

    @property
    def etag(self) -> str:
        """The strong ETag of the answer, from all that its bytes depend on."""
        request, generator = self.request, self.generator
        source: Any = request.source
        described = source.canonical() if isinstance(source, Mixes) else vars(source)
        parts = [
            *(
                generator.digest,
                generator.facts.numeric_path,
                generator.latent_scheme,
                film_version() if request.timing else encoder_version(),
            ),
            *(type(source).__name__, described | {"field": None}, self.label),
            *(abs(request.truncation), request.layout, request.image_format.value),
            request.edits,
            *(str(request.timing), installed_version() if self.has_claims else None),
        ]
        if request.best_of > 1:
            parts += [request.best_of, judging_path()]
        text = json.dumps(parts, sort_keys=True, default=list)
        return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'

    def make_latents(self) -> Latents:
        """Build the rows to render."""
        request, generator = self.request, self.generator
        edits = [request.edits] * self.count
        if isinstance(request.source, Sweep):
            edits = request.source.edits(generator, request.edits)
        # After truncation, so that an edit of one strength is as strong at any truncation.
        return edit_rows(self.make_unedited_latents(), generator.directions, edits)

    def make_unedited_latents(self) -> Latents:
        """Build the rows before their edits, truncated."""
        return truncate(self._sample(), abs(self.request.truncation))

    def _sample(self) -> Latents:
        generator, source = self.generator, self.request.source
        spec = generator.spec
        if isinstance(source, LatentRows):
            z = np.asarray(source.z, np.float32)
            return Latents(z, fixed_labels(spec, len(z), self.label))
        if isinstance(source, Mixes):
            return mix_latents(spec, generator.directions, source.mixes, self.label)
        latents = sample_latents(spec, source.seeds, self.label)
        if isinstance(source, Walk):
            return interpolate(latents, source.steps, source.method, source.easing)
        if isinstance(source, Sweep):
            return Latents.concatenate([latents] * source.steps)
        return latents


def make_plan(request: RenderRequest, catalog: Catalog, settings: Settings) -> RenderPlan:
    """Check a request against its model and the limits; raises what is wrong with it."""
    generator = catalog.find(request.model, request.digest)
    _check_source(request.source, generator, settings)
    require_directions(generator, [name for name, _ in request.edits], "edits")
    if request.best_of > 1:
        _check_best_of(request, generator, settings)
    wanted = settings.provenance if request.provenance is None else request.provenance
    has_claims = wanted and isinstance(request.image_format, ImageFormat)
    return RenderPlan(request, generator, _resolve_label(request, generator), has_claims)


def most_images(generator: ServedGenerator, settings: Settings) -> int:
    """Return how many images of this model one request may ask for."""
    height, width = generator.spec.img_size
    return min(settings.max_images, settings.max_pixels // (height * width))


def _check_best_of(request: RenderRequest, generator: ServedGenerator, settings: Settings) -> None:
    """Require seeds to derive others from, something to judge by, and bound both."""
    if not isinstance(request.source, Seeds):
        raise InvalidRequest("best_of", "chooses between seeds: give seed and n, or seeds")
    if request.best_of > settings.max_best_of:
        raise InvalidRequest("best_of", f"at most {settings.max_best_of}")
    if generator.judging_fault:
        raise InvalidRequest("best_of", generator.judging_fault)
    count, limit = len(request.source.seeds), most_images(generator, settings)
    if count * request.best_of > limit:
        raise InvalidRequest(
            "best_of",
            f"chooses {count} from {count * request.best_of} images; "
            f"at most {limit} images of this model in one request",
        )


def _check_source(source: Source, generator: ServedGenerator, settings: Settings) -> None:
    """Bound the images, their pixels and the values of z."""
    field, count, limit = _size_of(source, settings)
    if isinstance(source, Walk | Sweep) and source.key_frames > source.steps:
        raise InvalidRequest("steps", "at least a step for each of the key frames")
    height, width = generator.spec.img_size
    limit = min(limit, settings.max_pixels // (height * width))
    if count > limit:
        raise InvalidRequest(field, f"at most {limit} images of this model in one request")
    if isinstance(source, LatentRows):
        for index, row in enumerate(source.z):
            magnitude = settings.max_latent_magnitude
            check_row(row, generator.spec.z_dim, magnitude, f"latents.{index}")
    elif isinstance(source, Mixes):
        check_mixes(source, generator, settings)
    elif max(source.seeds) > MAX_SEED:
        raise InvalidRequest("seed" if field == "n" else "seeds", f"at most {MAX_SEED}")
    if isinstance(source, Sweep):
        require_directions(generator, [source.direction], "direction")


def _size_of(source: Source, settings: Settings) -> tuple[str, int, int]:
    """Return the field that says how many images, how many it says, and the most."""
    if isinstance(source, Walk | Sweep):
        return "steps", source.steps, settings.max_steps
    if isinstance(source, Mixes):
        return source.field, len(source.mixes), settings.max_images
    if isinstance(source, Seeds):
        return source.field, len(source.seeds), settings.max_images
    return "latents", len(source.z), settings.max_images


def _resolve_label(request: RenderRequest, generator: ServedGenerator) -> int | None:
    """Turn a class name or an index, which a URL writes as text, into an index."""
    label, num_classes = request.label, generator.spec.num_classes
    if label is None:
        if num_classes and isinstance(request.source, LatentRows | Mixes):
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
    known = _list_classes(generator.class_names)
    raise InvalidRequest(
        "label", f"there is no such class; say {known}, or an index from 0 to {num_classes - 1}"
    )


def _list_classes(names: Sequence[str]) -> str:
    """Name the classes, which may be a thousand."""
    listed = ", ".join(names[:_MAX_CLASSES_TOLD])
    more = len(names) - _MAX_CLASSES_TOLD
    return f"{listed} and {more} more" if more > 0 else listed

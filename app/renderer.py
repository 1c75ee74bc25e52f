"""`Renderer`: from a request to the bytes of its answer.

`plan` decides everything about an answer, its ETag included, and allocates nothing;
`render` then runs the plan. So a conditional request is answered between the two.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any, TypeVar

import numpy as np

from app.catalog import Catalog
from app.claim_embedding import embed_claim
from app.claims import write_row_claims, write_sheet_claim
from app.errors import DeadlineExceeded, Overloaded
from app.film_stream import FilmFrames, FilmStream
from app.films.timing import FilmTiming
from app.films.writer import open_film, still_format
from app.image_encoding import (
    AnimationFormat,
    ImageFormat,
    Pixels,
    encode_image,
    pack_json,
    pack_multipart,
    pack_zip,
)
from app.lanes import Encoding, Judgement, read_logits
from app.latent_sources import Mixes, Sweep
from app.metrics import Metrics
from app.pending import RenderedRows
from app.render_plan import LatentRows, RenderPlan, RenderRequest, Seeds, Walk, make_plan
from app.settings import Settings
from model.contact_sheet import contact_sheet
from model.latents import Latents

ResultT = TypeVar("ResultT")

# More rows than this are drawn off the event loop: a row takes about 5 microseconds.
_FEW_ROWS = 16

# What a file in an archive is called that is not the image of a seed.
_STEMS = {LatentRows: "latent", Walk: "frame", Sweep: "frame", Mixes: "mix"}


@dataclass(frozen=True)
class Rendering:
    """The bytes of an answer, and where its time went.

    `plan` is what was rendered: where the best were chosen, that of the seeds that won.
    """

    plan: RenderPlan
    body: bytes
    media_type: str
    queue_ms: float
    forward_ms: float
    encode_ms: float
    batch_images: int

    def after(self, judged: RenderedRows) -> Rendering:
        """Return the same with the time that went before it into judging."""
        return replace(
            self,
            queue_ms=self.queue_ms + judged.queue_ms,
            forward_ms=self.forward_ms + judged.forward_ms,
            encode_ms=self.encode_ms + judged.encode_ms,
        )


class Renderer:
    """Runs requests against the catalog; owns the thread that packs answers of many images."""

    def __init__(self, catalog: Catalog, settings: Settings, metrics: Metrics) -> None:
        self._catalog = catalog
        self._settings = settings
        self._metrics = metrics
        self._packer = ThreadPoolExecutor(1, thread_name_prefix="packer")
        self.packing_images = 0

    def require_room(self) -> None:
        """Raise Overloaded if no model could take one image more."""
        self._catalog.require_room()

    def require_default_room(self, arriving: int) -> None:
        """Raise Overloaded if `arriving` requests fill up the queue of the default model."""
        self._catalog.require_default_room(arriving)

    def plan(self, request: RenderRequest) -> RenderPlan:
        """Check a request against its model and the limits; raises what is wrong with it."""
        return make_plan(request, self._catalog, self._settings)

    async def pack(self, layout: str, images: int, work: Callable[[], ResultT]) -> ResultT:
        """Do the work that `images` images need after they are rendered, where answers are packed.

        A caller that leaves does not stop it.
        """
        self.packing_images += images
        try:
            with self._metrics.pack_seconds.labels(layout).time():
                return await asyncio.get_running_loop().run_in_executor(self._packer, work)
        finally:
            self.packing_images -= images

    async def render(self, plan: RenderPlan, limit_s: float | None = None) -> Rendering:
        """Sample, generate and encode within `limit_s`, which the service's own limit bounds."""
        limit_s = self._bound(limit_s)
        plan.generator.require_ready()
        if plan.request.layout != "single":
            self._require_room_to_pack()
        try:
            async with asyncio.timeout(limit_s) as timer:
                if plan.request.best_of == 1:
                    return await self._render(plan, limit_s)
                judged = await self._judge(plan.candidates, limit_s)
                best = plan.choose_best(read_logits(judged.payloads).tolist())
                return (await self._render(best, _left_s(timer))).after(judged)
        except TimeoutError as error:
            raise DeadlineExceeded(f"The answer took longer than {limit_s:g} s.") from error

    async def open_film(self, plan: RenderPlan, limit_s: float | None = None) -> FilmStream:
        """Begin a film; `limit_s` and the service's own limit bound each slice of its frames."""
        assert isinstance(plan.request.image_format, AnimationFormat)
        limit_s = self._bound(limit_s)
        plan.generator.require_ready()
        self._require_room_to_pack()
        latents = await self._sample(plan)
        height, width = size = plan.generator.spec.img_size
        encoding = still_format(plan.request.image_format)
        writer = open_film(
            plan.request.image_format, size, len(latents), plan.request.timing or FilmTiming()
        )
        frames = FilmFrames(latents, encoding, height * width)
        return FilmStream(
            frames, plan.generator.batcher, writer, partial(self.pack, "animation", 0), limit_s
        )

    async def render_rows(
        self, plans: Sequence[RenderPlan], encoding: Encoding, limit_s: float | None = None
    ) -> RenderedRows:
        """Render the rows of plans for one model together, as files or, for None, as pixels."""
        limit_s = self._bound(limit_s)
        generator = plans[0].generator
        generator.require_ready()
        if encoding is None:
            self._require_room_to_pack()
        try:
            async with asyncio.timeout(limit_s):
                parts = [await self._sample(plan) for plan in plans]
                latents = Latents.concatenate(parts)
                rows = await generator.batcher.submit(latents, encoding, limit_s)
        except TimeoutError as error:
            raise DeadlineExceeded(f"The answer took longer than {limit_s:g} s.") from error
        if isinstance(encoding, ImageFormat) and plans[0].has_claims:
            claims = [write_row_claims(*each) for each in zip(plans, parts, strict=True)]
            _embed_claims(rows.payloads, encoding, chain.from_iterable(claims))
        return rows

    async def _render(self, plan: RenderPlan, limit_s: float) -> Rendering:
        latents = await self._sample(plan)
        encoding = _encoding(plan)
        rows = await plan.generator.batcher.submit(latents, encoding, limit_s)
        if isinstance(encoding, ImageFormat) and plan.has_claims:
            _embed_claims(rows.payloads, encoding, write_row_claims(plan, latents))
        if plan.request.layout == "single":
            media_type = plan.request.image_format.media_type
            return _rendering(plan, rows, bytes(rows.payloads[0]), media_type)
        return await self._pack(plan, latents, rows)

    async def _judge(self, plan: RenderPlan, limit_s: float) -> RenderedRows:
        """Render and judge on the lanes: rows like others, queued, shared, dropped and counted."""
        latents = await self._sample(plan)
        return await plan.generator.batcher.submit(latents, Judgement.LOGIT, limit_s)

    def _bound(self, limit_s: float | None) -> float:
        return min(limit_s or self._settings.deadline_s, self._settings.deadline_s)

    def close(self) -> None:
        """Stop the packing thread; what has not begun is dropped."""
        self._packer.shutdown(wait=False, cancel_futures=True)

    async def _sample(self, plan: RenderPlan) -> Latents:
        if plan.draws <= _FEW_ROWS:
            return plan.make_latents()
        return await asyncio.to_thread(plan.make_latents)

    def _require_room_to_pack(self) -> None:
        """Let no more be rendered while two of the largest answers wait to be packed."""
        if self.packing_images >= 2 * self._settings.max_images:
            raise Overloaded(1.0)

    async def _pack(self, plan: RenderPlan, latents: Latents, rows: RenderedRows) -> Rendering:
        """Make one body of many images, off the event loop and off the generator's lanes."""
        started_s = time.perf_counter()
        work = partial(_pack_rows, plan, latents, rows.payloads)
        body, media_type = await self.pack(plan.request.layout, len(latents), work)
        rendering = _rendering(plan, rows, body, media_type)
        pack_ms = 1e3 * (time.perf_counter() - started_s)
        return replace(rendering, encode_ms=rendering.encode_ms + pack_ms)


def _rendering(plan: RenderPlan, rows: RenderedRows, body: bytes, media_type: str) -> Rendering:
    times_ms = (rows.queue_ms, rows.forward_ms, rows.encode_ms)
    return Rendering(plan, body, media_type, *times_ms, rows.batch_images)


def _left_s(timer: asyncio.Timeout) -> float:
    """Return what is left of a time limit."""
    ends_s = timer.when()
    assert ends_s is not None
    return max(0.0, ends_s - asyncio.get_running_loop().time())


def _encoding(plan: RenderPlan) -> Encoding:
    """Return the format of each image; None for a sheet or an animation, made of the pixels."""
    image_format = plan.request.image_format
    if isinstance(image_format, ImageFormat) and plan.request.layout not in ("grid", "strip"):
        return image_format
    return None


def _embed_claims(files: list[Any], image_format: ImageFormat, claims: Iterable[str]) -> None:
    """Have each file say what made it. The row that others wait for stays as it is."""
    for place, claim in enumerate(claims):
        files[place] = embed_claim(files[place], image_format, claim)


def _pack_rows(plan: RenderPlan, latents: Latents, rows: list[Any]) -> tuple[bytes, str]:
    """Make the body of the layout asked for, of files or of pixels; returns it and its type."""
    layout, image_format = plan.request.layout, plan.request.image_format
    assert isinstance(image_format, ImageFormat)
    if layout in ("grid", "strip"):
        sheet: Pixels = contact_sheet(np.stack(rows), len(rows) if layout == "strip" else None)
        file = encode_image(sheet, image_format)
        if plan.has_claims and (claim := write_sheet_claim(plan)):
            file = embed_claim(file, image_format, claim)
        return file, image_format.media_type
    names = [f"{stem}.{image_format.extension}" for stem in _name_rows(plan, len(rows))]
    if layout == "zip":
        return pack_zip(names, rows), "application/zip"
    if layout == "multipart":
        return pack_multipart(names, rows, image_format.media_type)
    labels = [None] * len(rows) if latents.labels is None else latents.labels.tolist()
    seeds: Sequence[int | None] = plan.seeds or [None] * len(rows)
    images = [{"seed": seed, "label": label} for seed, label in zip(seeds, labels, strict=True)]
    head = {
        "model": plan.generator.name,
        "digest": plan.generator.digest,
        "media_type": image_format.media_type,
    }
    return pack_json(head, images, rows), "application/json"


def _name_rows(plan: RenderPlan, count: int) -> list[str]:
    """Name each row by its seed, a repeated seed by its repetition too."""
    if not isinstance(plan.request.source, Seeds):
        stem = _STEMS[type(plan.request.source)]
        return [f"{stem}-{row:03d}" for row in range(count)]
    seen: dict[int, int] = {}
    names = []
    for seed in plan.seeds:
        seen[seed] = seen.get(seed, 0) + 1
        names.append(f"seed-{seed}" + (f"-{seen[seed]}" if seen[seed] > 1 else ""))
    return names

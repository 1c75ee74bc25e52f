"""The response that carries a rendering, and the headers that tell about it."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Response

from app.pending import RenderedRows
from app.render_plan import RenderPlan
from app.renderer import Rendering

_MAX_SEEDS_CHARACTERS = 1000


def identity_headers(plan: RenderPlan) -> dict[str, str]:
    """Say which model made the images, and from which seeds, unless they are yet to be chosen."""
    headers = {"X-Ganloom-Model": plan.generator.name, "X-Ganloom-Digest": plan.generator.digest}
    if plan.request.best_of == 1:
        headers["X-Ganloom-Seeds"] = summarize_seeds(plan.seeds)
    return headers


def rendering_response(rendering: Rendering, headers: dict[str, str] | None = None) -> Response:
    """Send the bytes, with where they come from and where the time went."""
    told = identity_headers(rendering.plan) | timing_headers(rendering) | (headers or {})
    return Response(rendering.body, headers=told, media_type=rendering.media_type)


def timing_headers(rendered: Rendering | RenderedRows) -> dict[str, str]:
    """Say where the time went, and how many images shared the pass."""
    timing = (
        f"queue;dur={rendered.queue_ms:.2f}, forward;dur={rendered.forward_ms:.2f}, "
        f"encode;dur={rendered.encode_ms:.2f}"
    )
    return {"Server-Timing": timing, "X-Ganloom-Batch": str(rendered.batch_images)}


def summarize_seeds(seeds: Sequence[int]) -> str:
    """Write seeds as `1-4,9`, cut to a header's length with `...`; none as `none`."""
    if not seeds:
        return "none"
    runs: list[tuple[int, int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], seed)
        else:
            runs.append((seed, seed))
    text = ""
    for first, last in runs:
        part = ("," if text else "") + (f"{first}-{last}" if last > first else str(first))
        if len(text) + len(part) > _MAX_SEEDS_CHARACTERS:
            return f"{text},..."
        text += part
    return text

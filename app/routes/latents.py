"""GET /latents/{seed}: the z behind a seeded image, as numbers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.image_encoding import ImageFormat
from app.latent_schemas import SeededLatent
from app.render_plan import RenderRequest, Seeds
from app.routes.caching import answer_without_work, cache_headers
from app.routes.documentation import problems
from app.routes.edits import read_edits
from app.routes.responses import identity_headers
from app.routes.service import RendererOf
from app.schemas import StillQuery, UrlSeed

router = APIRouter(tags=["models"])


@router.head("/latents/{seed}", include_in_schema=False)
@router.get(
    "/latents/{seed}",
    summary="The latent of a seed",
    response_model=SeededLatent,
    responses={304: {"description": "Not modified"}, **problems(404, 422, 503)},
)
async def show_latent(
    request: Request, seed: UrlSeed, query: Annotated[StillQuery, Query()], renderer: RendererOf
) -> Response:
    """Show z as the generator sees it; sent to /generate as `latents` it gives the same image."""
    source = Seeds((seed,), field="seed")
    asked = query.model_dump() | {"edits": read_edits(query.edits)}
    plan = renderer.plan(RenderRequest(source, "single", ImageFormat.PNG, **asked))
    headers = cache_headers(plan)
    if answer := answer_without_work(request, plan, headers, "application/json"):
        return answer
    latents = plan.make_latents()
    document = SeededLatent(
        model=plan.generator.name,
        digest=plan.generator.digest,
        seed=seed,
        label=None if latents.labels is None else int(latents.labels[0]),
        # The shortest text that reads back as the same float32.
        z=[float(str(value)) for value in latents.z[0]],
    )
    told = {**identity_headers(plan), **headers}
    return Response(document.model_dump_json(), headers=told, media_type="application/json")

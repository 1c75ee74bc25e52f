"""`diverse` of POST /generate: of many seeds those whose images differ most."""

from __future__ import annotations

from functools import partial

import numpy as np
from fastapi import Request

from app.errors import InvalidRequest
from app.image_encoding import ImageFormat
from app.pending import RenderedRows
from app.render_plan import RenderRequest, Seeds, Source
from app.renderer import Renderer
from app.routes.deadline import read_deadline_s
from app.routes.disconnection import run_unless_gone
from app.schemas import GenerateBody
from model.edits import make_edits
from model.spreading import spread_out

_CANDIDATES_PER_IMAGE = 4


async def choose_diverse(
    request: Request, renderer: Renderer, body: GenerateBody, source: Source
) -> Seeds:
    """Render four times as many seeds as are wanted and return those that differ most.

    They are `seed` itself and then each the farthest from those before it, so the choice is
    a function of the request and the model alone. Raises ServiceError.
    """
    if not isinstance(source, Seeds) or body.seeds is not None:
        raise InvalidRequest("diverse", "goes with seed and n, for it chooses the seeds")
    if body.best_of > 1:
        raise InvalidRequest("best_of", "not together with diverse, which chooses the seeds itself")
    first, count = source.seeds[0], len(source.seeds)
    plan = renderer.plan(
        RenderRequest(
            source=Seeds(range(first, first + _CANDIDATES_PER_IMAGE * count), field="n"),
            layout="grid",
            image_format=ImageFormat.PNG,
            model=body.model,
            label=body.label,
            truncation=body.truncation,
            edits=make_edits(body.edits or {}),
            provenance=False,
        )
    )
    work = renderer.render_rows([plan], None, read_deadline_s(request))
    rows = await run_unless_gone(request, work)
    chosen = await renderer.pack("diverse", len(rows.payloads), partial(_choose, rows, count))
    return Seeds([first + index for index in chosen])


def _choose(rows: RenderedRows, count: int) -> list[int]:
    return spread_out(np.stack([np.asarray(payload) for payload in rows.payloads]), count)

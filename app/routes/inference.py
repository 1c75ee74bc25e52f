"""POST /v2/models/{name}/infer: rows of tensors, by the Open Inference Protocol v2."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter, Request, Response

from app.dialects.inference_rows import read_rows
from app.dialects.inference_schemas import InferRequest, InferResponse, OutputTensor
from app.dialects.tensors import OutputData, read_inputs
from app.errors import InvalidRequest
from app.image_encoding import ImageFormat
from app.render_plan import RenderPlan, most_images
from app.renderer import Renderer
from app.routes.deadline import DEADLINE_HEADER, read_deadline_s
from app.routes.disconnection import run_unless_gone
from app.routes.documentation import errors, json_body
from app.routes.inference_models import find_model
from app.routes.request_body import parse_json, read_bounded_body
from app.routes.service import CatalogOf, RendererOf, ServiceOf

_HEADER = "Inference-Header-Content-Length"
_LENGTH = re.compile(r"0|[1-9][0-9]{0,11}")
_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_LENGTH_HEADER: dict[str, Any] = {
    "name": _HEADER,
    "in": "header",
    "required": False,
    "description": "bytes of the JSON, where binary tensor data follow it",
    "schema": {"type": "integer", "minimum": 0, "maximum": 10**12 - 1},
}
_OPERATION = json_body("InferRequest") | {
    "parameters": [*DEADLINE_HEADER["parameters"], _LENGTH_HEADER]
}
_ANSWERS = errors(
    "InferenceError", "application/json", 400, 404, 408, 413, 415, 429, 500, 503, 504
) | {
    200: {
        "model": InferResponse,
        "description": "The outputs; as octets where any is binary",
        # JSON first, as its model is filled in here: generated clients read the first they know.
        "content": {"application/json": {}, "application/octet-stream": _BINARY},
        "headers": {_HEADER: {"schema": {"type": "integer"}}},
    }
}

router = APIRouter(tags=["open inference protocol"])


@router.post(
    "/v2/models/{name}/infer",
    summary="Infer",
    response_class=Response,
    openapi_extra=_OPERATION,
    responses=_ANSWERS,
)
async def infer(
    request: Request, name: str, service: ServiceOf, catalog: CatalogOf, renderer: RendererOf
) -> Response:
    """Render `z` or `seed` rows as `pixels`, or as `png`, `jpeg` or `webp` files."""
    generator = find_model(catalog, name, None)
    renderer.require_room()
    body = await read_bounded_body(
        request, service.settings.max_body_bytes, service.settings.deadline_s
    )
    head, tail = _split(request, body)
    asked = parse_json(head, InferRequest)
    inputs = read_inputs(asked, tail)
    rows = read_rows(inputs, name, generator.digest, generator.spec.z_dim)
    plans = [renderer.plan(row) for row in rows]
    count, limit = sum(plan.count for plan in plans), most_images(generator, service.settings)
    if count > limit:
        raise InvalidRequest("inputs", f"at most {limit} rows of this model in one request")
    limit_s = _limit_s(request, asked)
    outputs = await run_unless_gone(request, _render(renderer, plans, asked, limit_s))
    return _answer(asked, plans[0], outputs)


@router.post(
    "/v2/models/{name}/versions/{version}/infer",
    summary="Infer by a version",
    response_class=Response,
    openapi_extra=_OPERATION,
    responses=_ANSWERS,
)
async def infer_version(
    request: Request,
    name: str,
    version: str,
    service: ServiceOf,
    catalog: CatalogOf,
    renderer: RendererOf,
) -> Response:
    """Do the same by the version `1`, or by a digest."""
    find_model(catalog, name, version)
    return await infer(request, name, service, catalog, renderer)


def _split(request: Request, body: bytes) -> tuple[bytes, bytes]:
    """Cut a body into its JSON and the binary tensor data after it."""
    text = request.headers.get(_HEADER)
    if text is None:
        return body, b""
    if not _LENGTH.fullmatch(text) or int(text) > len(body):
        raise InvalidRequest(_HEADER, "a whole number, at most the length of the body")
    return body[: int(text)], body[int(text) :]


def _limit_s(request: Request, asked: InferRequest) -> float | None:
    """Take the shorter of the header's and the body's time."""
    limits = [read_deadline_s(request)]
    if asked.parameters.timeout is not None:
        limits.append(asked.parameters.timeout / 1e6)
    return min((limit for limit in limits if limit is not None), default=None)


async def _render(
    renderer: Renderer, plans: list[RenderPlan], asked: InferRequest, limit_s: float | None
) -> list[OutputData]:
    """Render each output that is asked for."""
    wanted = {item.name: item.parameters.binary_data for item in asked.outputs} or {"pixels": None}
    if len(wanted) < len(asked.outputs):
        raise InvalidRequest("outputs", "each output once")
    outputs = []
    for name, is_binary in wanted.items():
        encoding = None if name == "pixels" else ImageFormat(name)
        rendered = await renderer.render_rows(plans, encoding, limit_s)
        outputs.append(
            OutputData.from_payloads(
                name,
                rendered.payloads,
                asked.parameters.binary_data_output if is_binary is None else is_binary,
            )
        )
    return outputs


def _answer(asked: InferRequest, plan: RenderPlan, outputs: list[OutputData]) -> Response:
    """Write the outputs, the binary ones after the JSON."""
    told, tail = [], []
    for output in outputs:
        about: dict[str, Any] = {
            "name": output.name,
            "datatype": output.datatype,
            "shape": output.shape,
        }
        if output.is_binary:
            tail.append(output.to_bytes())
            about["parameters"] = {"binary_data_size": len(tail[-1])}
        else:
            about["data"] = output.to_json()
            if output.datatype == "BYTES":
                about["parameters"] = {"content_type": "base64"}
        told.append(OutputTensor.model_validate(about))
    generator = plan.generator
    head = InferResponse(
        id=asked.id,
        model_name=generator.name,
        model_version="1",
        parameters={"digest": generator.digest},
        outputs=told,
    )
    json_bytes = head.model_dump_json(exclude_none=True).encode()
    if not tail:
        return Response(json_bytes, media_type="application/json")
    return Response(
        b"".join([json_bytes, *tail]),
        headers={_HEADER: str(len(json_bytes))},
        media_type="application/octet-stream",
    )

"""GET /v2/models: what the Open Inference Protocol v2 tells of the server and its models."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from app.catalog import Catalog, ServedGenerator
from app.dialects.inference_schemas import (
    BatchingConfig,
    ConfigTensor,
    IndexEntry,
    IndexRequest,
    ModelConfig,
    ModelMetadata,
    ModelReady,
    ServerLive,
    ServerMetadata,
    ServerReady,
    TensorMetadata,
)
from app.errors import UnknownModel
from app.render_plan import most_images
from app.routes.documentation import errors, json_body
from app.routes.request_body import read_json_body
from app.routes.service import CatalogOf, Service, ServiceOf

VERSION = "1"
_EXTENSIONS = ["binary_tensor_data", "model_configuration", "model_repository", "statistics"]
_ENCODED = ("png", "jpeg", "webp")
_PLATFORM = "ganloom"

ERRORS = errors("InferenceError", "application/json", 404, 503)

router = APIRouter(tags=["open inference protocol"])


def find_model(catalog: Catalog, name: str, version: str | None) -> ServedGenerator:
    """Return the model of that name; its version is 1 or its digest. Raises UnknownModel."""
    generator = catalog.find(name)
    if version not in (None, VERSION, generator.digest):
        raise UnknownModel("version", f"A model has the version {VERSION}, or its digest.")
    return generator


@router.get("/v2", summary="Describe the server", response_model=ServerMetadata)
async def show_server(request: Request) -> Response:
    """Say what is asked, and which of Triton's extensions it knows."""
    app = request.app
    return _json(ServerMetadata(name=app.title, version=app.version, extensions=_EXTENSIONS))


@router.get("/v2/health/live", summary="Is the server alive", response_model=ServerLive)
async def show_live() -> Response:
    """Answer while the event loop turns."""
    return _json(ServerLive(live=True))


@router.get(
    "/v2/health/ready",
    summary="Are all models ready",
    response_model=ServerReady,
    responses={503: {"model": ServerReady, "description": "Not ready"}},
)
async def show_ready(service: ServiceOf) -> Response:
    """Say ready when every model can be served."""
    catalog = service.catalog
    is_ready = catalog is not None and all(item.fault is None for item in catalog)
    return _json(ServerReady(ready=is_ready), 200 if is_ready else 503)


@router.post(
    "/v2/repository/index",
    summary="List the models",
    response_model=list[IndexEntry],
    openapi_extra=json_body("IndexRequest", is_required=False),
    responses=errors("InferenceError", "application/json", 400, 408, 413, 415, 503),
)
async def list_repository(
    request: Request, service: ServiceOf, catalog: CatalogOf
) -> list[IndexEntry]:
    """List every model, or those that are ready."""
    asked = await read_json_body(request, IndexRequest, service.settings)
    return [
        IndexEntry(
            name=item.name,
            version=VERSION,
            state="UNAVAILABLE" if item.fault else "READY",
            reason=item.fault or "",
        )
        for item in catalog
        if not (asked.ready and item.fault)
    ]


@router.get(
    "/v2/models/{name}", summary="Describe a model", response_model=ModelMetadata, responses=ERRORS
)
async def show_metadata(name: str, catalog: CatalogOf) -> Response:
    """Name the inputs and outputs; all inputs but one of `z` and `seed` may be left out."""
    return _describe(find_model(catalog, name, None))


@router.get(
    "/v2/models/{name}/versions/{version}",
    summary="Describe a version",
    response_model=ModelMetadata,
    responses=ERRORS,
)
async def show_version_metadata(name: str, version: str, catalog: CatalogOf) -> Response:
    """Do the same for the version `1`, or for a digest."""
    return _describe(find_model(catalog, name, version))


def _describe(generator: ServedGenerator) -> Response:
    tensors = [
        TensorMetadata(
            name=tensor.name,
            datatype=tensor.data_type.removeprefix("TYPE_").replace("STRING", "BYTES"),
            shape=[-1, *tensor.dims],
        )
        for tensor in [*_inputs(generator), *_outputs(generator)]
    ]
    count = len(_inputs(generator))
    return _json(
        ModelMetadata(
            name=generator.name,
            versions=[VERSION],
            platform=_PLATFORM,
            inputs=tensors[:count],
            outputs=tensors[count:],
        )
    )


@router.get(
    "/v2/models/{name}/ready",
    summary="Is a model ready",
    response_model=ModelReady,
    responses=ERRORS | {503: {"model": ModelReady, "description": "Not ready"}},
)
async def show_model_ready(name: str, catalog: CatalogOf) -> Response:
    """Say ready when this model can be served."""
    return _tell_ready(find_model(catalog, name, None))


@router.get(
    "/v2/models/{name}/versions/{version}/ready",
    summary="Is a version ready",
    response_model=ModelReady,
    responses=ERRORS | {503: {"model": ModelReady, "description": "Not ready"}},
)
async def show_version_ready(name: str, version: str, catalog: CatalogOf) -> Response:
    """Do the same for the version `1`, or for a digest."""
    return _tell_ready(find_model(catalog, name, version))


def _tell_ready(generator: ServedGenerator) -> Response:
    is_ready = generator.fault is None
    return _json(ModelReady(name=generator.name, ready=is_ready), 200 if is_ready else 503)


@router.get(
    "/v2/models/{name}/config",
    summary="Configuration of a model",
    response_model=ModelConfig,
    responses=ERRORS,
)
async def show_config(name: str, service: ServiceOf, catalog: CatalogOf) -> Response:
    """Write what Triton calls the model configuration, as far as it means something here."""
    return _configure(find_model(catalog, name, None), service)


@router.get(
    "/v2/models/{name}/versions/{version}/config",
    summary="Configuration of a version",
    response_model=ModelConfig,
    responses=ERRORS,
)
async def show_version_config(
    name: str, version: str, service: ServiceOf, catalog: CatalogOf
) -> Response:
    """Do the same for the version `1`, or for a digest."""
    return _configure(find_model(catalog, name, version), service)


def _configure(generator: ServedGenerator, service: Service) -> Response:
    facts = generator.facts
    told = {"digest": generator.digest, "numeric_path": facts.numeric_path}
    config = ModelConfig(
        name=generator.name,
        platform=_PLATFORM,
        backend=_PLATFORM,
        max_batch_size=most_images(generator, service.settings),
        input=_inputs(generator),
        output=_outputs(generator),
        dynamic_batching=BatchingConfig(preferred_batch_size=list(facts.batch_shapes)),
        parameters={key: {"string_value": value} for key, value in told.items()},
    )
    return _json(config)


def _inputs(generator: ServedGenerator) -> list[ConfigTensor]:
    names = [("z", "TYPE_FP32", generator.spec.z_dim), ("seed", "TYPE_INT64", 1)]
    if generator.spec.is_conditional:
        names.append(("label", "TYPE_INT64", 1))
    names.append(("truncation", "TYPE_FP32", 1))
    return [
        ConfigTensor(name=name, data_type=data_type, dims=[size], optional=True)
        for name, data_type, size in names
    ]


def _outputs(generator: ServedGenerator) -> list[ConfigTensor]:
    dims = [*generator.spec.img_size, generator.spec.img_channels]
    files = [ConfigTensor(name=name, data_type="TYPE_STRING", dims=[]) for name in _ENCODED]
    return [ConfigTensor(name="pixels", data_type="TYPE_UINT8", dims=dims), *files]


def _json(document: BaseModel, status: int = 200) -> Response:
    return Response(document.model_dump_json(), status, media_type="application/json")

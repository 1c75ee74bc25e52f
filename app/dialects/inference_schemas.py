"""Wire types of the Open Inference Protocol v2, with Triton's extensions.

https://github.com/kserve/open-inference-protocol (REST), and of Triton's extensions: binary
tensor data, model configuration, statistics, model repository (index alone).
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from app.errors import ServiceError

_MAX_TEXT = 300
_MAX_SIDE = 2**20  # far above any limit; only keeps products small

Datatype = Literal["FP32", "INT64", "BYTES", "UINT8"]
OutputName = Literal["pixels", "png", "jpeg", "webp"]


class _Sent(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class InputParameters(_Sent):
    """Where the values of an input are, if not in `data`. Shared memory is not offered."""

    binary_data_size: Annotated[int, Field(ge=0, le=2**40)] | None = Field(
        default=None, description="bytes of this input after the JSON"
    )


class InputTensor(_Sent):
    """`z` FP32 [n, z_dim] or `seed` INT64 [n, 1]; `label`, `truncation` [n, 1] or one for all."""

    name: Annotated[str, Field(max_length=128)]
    shape: Annotated[
        list[Annotated[int, Field(ge=1, le=_MAX_SIDE)]], Field(min_length=1, max_length=2)
    ]
    datatype: Datatype
    parameters: InputParameters = InputParameters()
    data: list[Any] | None = Field(default=None, description="row by row, flat or nested")


class OutputParameters(_Sent):
    """How one output is sent. Classification is not offered."""

    binary_data: bool | None = Field(default=None, description="after the JSON, not in it")


class RequestedOutput(_Sent):
    """An output that is wanted."""

    name: OutputName
    parameters: OutputParameters = OutputParameters()


class InferParameters(BaseModel):
    """Parameters of a whole request; those not named here are ignored, as the protocol allows."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False, frozen=True)

    binary_data_output: bool = Field(
        default=False, description="send outputs as binary data where they do not say otherwise"
    )
    timeout: Annotated[int, Field(ge=1, le=10**12)] | None = Field(
        default=None, description="microseconds that the answer is wanted"
    )


class InferRequest(_Sent):
    """Rows to render: `z` or `seed`, and the outputs wanted, `pixels` if none is named."""

    id: Annotated[str, Field(max_length=128)] | None = None
    inputs: Annotated[list[InputTensor], Field(min_length=1, max_length=4)]
    outputs: Annotated[list[RequestedOutput], Field(max_length=4)] = []
    parameters: InferParameters = InferParameters()


class OutputTensor(BaseModel):
    """`pixels` UINT8 [n, h, w, c], or BYTES [n], one file a row, as base64 where it is JSON."""

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, Any] = Field(
        default={}, description="binary_data_size, or content_type base64"
    )
    data: list[int] | list[str] | None = Field(
        default=None, description="row by row; none where it follows the JSON"
    )


class InferResponse(BaseModel):
    """The outputs, with the digest of the model that made them among the parameters."""

    id: str | None = None
    model_name: str
    model_version: str
    parameters: dict[str, Any]
    outputs: list[OutputTensor]


class ServerMetadata(BaseModel):
    """What is asked, and what of the protocol it knows."""

    name: str
    version: str
    extensions: list[str]


class ServerLive(BaseModel):
    """Whether the process answers."""

    live: bool


class ServerReady(BaseModel):
    """Whether every model can be served."""

    ready: bool


class ModelReady(BaseModel):
    """Whether one model can be served."""

    name: str
    ready: bool


class TensorMetadata(BaseModel):
    """One input or output; -1 is any number of rows."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(BaseModel):
    """The inputs and outputs of one model."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ConfigTensor(BaseModel):
    """One input or output as Triton's model configuration writes it, without the rows."""

    name: str
    data_type: str
    dims: list[int]
    optional: bool = False


class BatchingConfig(BaseModel):
    """The row counts that the batcher runs."""

    preferred_batch_size: list[int]


class ModelConfig(BaseModel):
    """Triton's model configuration, as far as it means something here."""

    name: str
    platform: str
    backend: str
    max_batch_size: int = Field(description="rows in one request")
    input: list[ConfigTensor]
    output: list[ConfigTensor]
    dynamic_batching: BatchingConfig
    parameters: dict[str, dict[str, str]]


class Duration(BaseModel):
    """How often, and how long in all."""

    count: int
    ns: int


class InferStatistics(BaseModel):
    """Durations since the start, over all dialects."""

    success: Duration = Field(description="requests, and their time in queue and batches")
    fail: Duration = Field(description="batches that failed")
    queue: Duration
    compute_input: Duration
    compute_infer: Duration = Field(description="forward passes")
    compute_output: Duration = Field(description="encoding")


class ModelStatistics(BaseModel):
    """What one model has done since the start, whatever dialect asked."""

    name: str
    version: str
    inference_count: int = Field(description="images")
    execution_count: int = Field(description="forward passes")
    inference_stats: InferStatistics


class StatisticsList(BaseModel):
    """The statistics of one model, or of all."""

    model_stats: list[ModelStatistics]


class IndexRequest(BaseModel):
    """Which models to list."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    ready: bool = Field(default=False, description="only those that can be served")


class IndexEntry(BaseModel):
    """One model of the repository."""

    name: str
    version: str
    state: Literal["READY", "UNAVAILABLE"]
    reason: str


class InferenceError(BaseModel):
    """An error, as Triton writes it."""

    error: str


def write_inference_error(error: ServiceError) -> Response:
    """Write `error` in the protocol's words, which know 400 where ganloom says 422."""
    document = {"error": error.detail[:_MAX_TEXT]}
    return Response(
        json.dumps(document).encode("ascii"),
        400 if error.status == 422 else error.status,
        {"Cache-Control": "no-store", **error.headers},
        "application/json",
    )

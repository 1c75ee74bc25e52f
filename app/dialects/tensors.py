"""Tensors of the Open Inference Protocol: what a request holds, and what an answer is made of.

Values are in the JSON, flat or nested, or after it as Triton's binary tensor data: little
endian, and for BYTES a length of four bytes before each element.
"""

from __future__ import annotations

import base64
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.dialects.inference_schemas import InferRequest, InputTensor
from app.errors import InvalidRequest

Values = NDArray[Any]

# The inputs that there are, with what they may be made of.
INPUTS: dict[str, tuple[str, ...]] = {
    "z": ("FP32",),
    "seed": ("INT64",),
    "label": ("INT64", "BYTES"),
    "truncation": ("FP32",),
}
_DTYPES: dict[str, str] = {"FP32": "<f4", "INT64": "<i8"}
_MAX_FLOAT32 = float(np.finfo(np.float32).max)
_MAX_JSON_NUMBERS = 2**18


@dataclass(frozen=True)
class OutputData:
    """One output: uint8 pixels (n, h, w, c), or n files."""

    name: str
    rows: NDArray[np.uint8] | Sequence[bytes]
    is_binary: bool

    @staticmethod
    def from_payloads(name: str, payloads: Sequence[Any], is_binary: bool) -> OutputData:
        """Take the rows as a lane gives them: pixels (h, w, c), or files."""
        is_file = isinstance(payloads[0], bytes)
        rows = [bytes(file) for file in payloads] if is_file else np.stack(payloads)
        return OutputData(name, rows, is_binary)

    @property
    def shape(self) -> list[int]:
        """The shape that is told: (n, h, w, c), or (n,) files."""
        return list(self.rows.shape) if isinstance(self.rows, np.ndarray) else [len(self.rows)]

    @property
    def datatype(self) -> str:
        """The protocol's name for the elements."""
        return "UINT8" if isinstance(self.rows, np.ndarray) else "BYTES"

    def to_bytes(self) -> bytes:
        """Write the elements as binary tensor data."""
        if isinstance(self.rows, np.ndarray):
            return self.rows.tobytes()
        parts = ((len(file).to_bytes(4, "little"), file) for file in self.rows)
        return b"".join(itertools.chain.from_iterable(parts))

    def to_json(self) -> list[Any]:
        """Write the elements as a flat list: numbers, or base64. InvalidRequest if too many."""
        if not isinstance(self.rows, np.ndarray):
            return [base64.b64encode(file).decode("ascii") for file in self.rows]
        if self.rows.size > _MAX_JSON_NUMBERS:
            raise InvalidRequest(
                f"outputs.{self.name}",
                f"at most {_MAX_JSON_NUMBERS} numbers as JSON, not {self.rows.size}; "
                "ask for binary data",
            )
        numbers: list[int] = self.rows.reshape(-1).tolist()
        return numbers


def read_inputs(request: InferRequest, tail: bytes) -> dict[str, Values]:
    """Return the inputs by name, each (n,) or (n, m): float32, int64, or objects of `str`.

    `tail` is what follows the JSON. InvalidRequest names the input at fault.
    """
    inputs: dict[str, Values] = {}
    at = 0
    for tensor in request.inputs:
        _check_kind(tensor, inputs)
        size = tensor.parameters.binary_data_size
        if (size is None) == (tensor.data is None):
            raise _wrong(tensor, "either data or parameters.binary_data_size")
        if size is None:
            values = _from_json(tensor)
        else:
            values = _from_bytes(tensor, tail[at : at + size], size)
            at += size
        inputs[tensor.name] = values.reshape(tensor.shape)
    if at != len(tail):
        raise InvalidRequest("inputs", f"{len(tail) - at} bytes of binary data belong to no input")
    return inputs


def _wrong(tensor: InputTensor, detail: str) -> InvalidRequest:
    return InvalidRequest(f"inputs.{tensor.name}", detail)


def _check_kind(tensor: InputTensor, seen: dict[str, Values]) -> None:
    datatypes = INPUTS.get(tensor.name)
    if datatypes is None:
        raise InvalidRequest("inputs", f"there are {', '.join(INPUTS)}, and no other input")
    if tensor.name in seen:
        raise _wrong(tensor, "given twice")
    if tensor.datatype not in datatypes:
        raise _wrong(tensor, f"the datatype is {' or '.join(datatypes)}")


def _from_bytes(tensor: InputTensor, data: bytes, size: int) -> Values:
    """Read binary tensor data; its size must be that of the shape before any is believed."""
    count = math.prod(tensor.shape)
    if len(data) != size:
        raise _wrong(tensor, "the binary data ends too early")
    if tensor.datatype == "BYTES":
        texts = list(itertools.islice(_split_bytes(tensor, data), count + 1))
        return _objects(tensor, texts, count)
    dtype = np.dtype(_DTYPES[tensor.datatype])
    if size != count * dtype.itemsize:
        raise _wrong(tensor, f"{count} {tensor.datatype} are {count * dtype.itemsize} bytes")
    values: Values = np.frombuffer(data, dtype)
    if tensor.datatype == "FP32" and not np.isfinite(values).all():
        raise _wrong(tensor, "every number must be finite")
    return values


def _split_bytes(tensor: InputTensor, data: bytes) -> Iterator[str]:
    at = 0
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "little")
        if at + 4 > len(data) or end > len(data):
            raise _wrong(tensor, "an element ends too early")
        try:
            yield data[at + 4 : end].decode("utf-8")
        except UnicodeDecodeError:
            raise _wrong(tensor, "every element must be UTF-8") from None
        at = end


def _from_json(tensor: InputTensor) -> Values:
    """Read a flat list, or one nested as the shape says."""
    count = math.prod(tensor.shape)
    data: list[Any] = tensor.data or []
    if len(tensor.shape) == 2 and len(data) == tensor.shape[0] and isinstance(data[0], list):
        if not all(isinstance(row, list) and len(row) == tensor.shape[1] for row in data):
            raise _wrong(tensor, f"every row of data must have {tensor.shape[1]} elements")
        data = [element for row in data for element in row]
    if len(data) != count:
        raise _wrong(tensor, f"the shape is of {count} elements, and data has {len(data)}")
    if tensor.datatype == "BYTES":
        return _objects(tensor, data, count)
    is_right = _is_float if tensor.datatype == "FP32" else _is_int64
    if not all(is_right(element) for element in data):
        raise _wrong(tensor, f"every element must be a number that {tensor.datatype} holds")
    return np.asarray(data, _DTYPES[tensor.datatype])


def _objects(tensor: InputTensor, texts: list[Any], count: int) -> Values:
    if len(texts) != count or not all(isinstance(text, str) for text in texts):
        raise _wrong(tensor, f"the shape is of {count} texts")
    return np.asarray(texts, object)


def _is_float(element: object) -> bool:
    is_number = isinstance(element, int | float) and not isinstance(element, bool)
    return is_number and abs(element) <= _MAX_FLOAT32  # type: ignore[arg-type]  # a number


def _is_int64(element: object) -> bool:
    is_int = isinstance(element, int) and not isinstance(element, bool)
    return is_int and -(2**63) <= element < 2**63  # type: ignore[operator]  # a whole number

"""Judge a safetensors file by its header, before a byte of its tensors is believed.

The format: eight bytes with the header's length, little-endian; a JSON object that maps each
tensor's name to its dtype, shape and byte range; then the bytes. A hostile header can claim
terabytes, so nothing is allocated from it: every claim is checked against the file's size.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

_MAX_HEADER_BYTES = 1 << 20
_ITEM_BYTES = {"F32": 4, "F16": 2, "BF16": 2, "I64": 8, "U8": 1}


class HeaderError(ValueError):
    """The file is not a safetensors file that can be trusted; the message says why."""


@dataclass(frozen=True)
class TensorEntry:
    """What the header claims of one tensor; checked against the file's size."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class SafetensorsHeader:
    """The tensors and the metadata that a file declares."""

    tensors: dict[str, TensorEntry]
    metadata: dict[str, str]


def read_header(path: Path) -> SafetensorsHeader:
    """Read and check the header alone. HeaderError names what is wrong; OSError passes."""
    with path.open("rb") as file:
        return _parse(file, os.fstat(file.fileno()).st_size)


def _parse(file: BinaryIO, file_bytes: int) -> SafetensorsHeader:
    prefix = file.read(8)
    if len(prefix) < 8:
        raise HeaderError("it is too short to be a safetensors file")
    header_bytes = int.from_bytes(prefix, "little")
    if header_bytes > _MAX_HEADER_BYTES:
        # Only here: a true header of 128 bytes, say, begins with a pickle's first byte.
        if prefix[:2] == b"PK" or prefix[:1] == b"\x80":
            raise HeaderError(
                "it is a pickle or zip file, which can run code; only safetensors is read"
            )
        raise HeaderError(
            "it is not a safetensors file, or damaged: "
            f"its header claims {header_bytes} bytes, and at most {_MAX_HEADER_BYTES} are read"
        )
    if header_bytes > file_bytes - 8:
        raise HeaderError("it is cut off inside its header")
    try:
        fields: Any = json.loads(file.read(header_bytes))
    except (ValueError, RecursionError) as error:
        raise HeaderError("its header is not JSON") from error
    if not isinstance(fields, dict):
        raise HeaderError("its header is not a JSON object")
    metadata = fields.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise HeaderError("its metadata are not a map of strings")
    _check_ranges(fields, file_bytes - 8 - header_bytes)
    tensors = {name: TensorEntry(e["dtype"], tuple(e["shape"])) for name, e in fields.items()}
    return SafetensorsHeader(tensors, metadata)


def _check_ranges(entries: dict[str, Any], data_bytes: int) -> None:
    """Require that the tensors tile the data exactly: no gap, no overlap, nothing past it."""
    ranges = [(*_byte_range(name, entry), name) for name, entry in entries.items()]
    end = 0
    for start, stop, name in sorted(ranges):
        if start != end:
            raise HeaderError(f"tensor {name!r} overlaps another or leaves a gap")
        end = stop
    if end != data_bytes:
        problem = "is cut off" if end > data_bytes else "has bytes that no tensor owns"
        raise HeaderError(f"it {problem}: {end} bytes are declared, {data_bytes} are there")


def _byte_range(name: str, entry: Any) -> tuple[int, int]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise HeaderError(f"its entry for tensor {name!r} is malformed")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _ITEM_BYTES:
        raise HeaderError(f"tensor {name!r} has the dtype {dtype!r}, which is not allowed")
    if not _is_list_of_sizes(shape) or not _is_list_of_sizes(offsets) or len(offsets) != 2:
        raise HeaderError(f"tensor {name!r} has a malformed shape or byte range")
    if offsets[1] - offsets[0] != prod(shape) * _ITEM_BYTES[dtype]:
        raise HeaderError(f"tensor {name!r} has a byte range that does not fit its shape")
    return offsets[0], offsets[1]


def _is_list_of_sizes(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= 8
        and all(type(item) is int and 0 <= item < 1 << 48 for item in value)
    )

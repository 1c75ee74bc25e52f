"""Claims on judging a safetensors file by its header, written here by hand."""

from __future__ import annotations

import json
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from model.safetensors_header import HeaderError, SafetensorsHeader, TensorEntry, read_header

MIB = 1 << 20


def entry(start: int, stop: int, shape: list[int], dtype: str = "U8") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def file_bytes(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, str) else json.dumps(header)
    return len(text.encode()).to_bytes(8, "little") + text.encode() + data


def read(tmp_path: Path, content: bytes) -> SafetensorsHeader:
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    return read_header(path)


def test_tensors_and_metadata_are_those_of_the_header(tmp_path: Path) -> None:
    header = {
        "b": entry(8, 20, [3], "F32"),
        "a": entry(0, 8, [], "I64"),
        "c": entry(20, 20, [0, 7]),
        "__metadata__": {"k": "v"},
    }
    found = read(tmp_path, file_bytes(header, bytes(20)))
    assert found.metadata == {"k": "v"}
    assert found.tensors == {
        "a": TensorEntry("I64", ()),
        "b": TensorEntry("F32", (3,)),
        "c": TensorEntry("U8", (0, 7)),
    }


def test_a_header_of_any_length_is_read(tmp_path: Path) -> None:
    # Among the lengths are those whose bytes begin like a pickle (128) or a zip (0x4b50).
    for length in [*range(2, 400), 0x480, 0x4B50, 0x14B50, MIB]:
        assert read(tmp_path, file_bytes("{}".ljust(length))).tensors == {}


@pytest.mark.parametrize("length", range(8))
def test_a_file_without_a_whole_length_is_too_short(tmp_path: Path, length: int) -> None:
    with pytest.raises(HeaderError, match="too short"):
        read(tmp_path, bytes(length))


@pytest.mark.parametrize("cut", [8, 9, 20])
def test_a_file_that_ends_in_its_header_is_cut_off(tmp_path: Path, cut: int) -> None:
    with pytest.raises(HeaderError, match="cut off inside its header"):
        read(tmp_path, file_bytes({"a": entry(0, 4, [4])}, bytes(4))[:cut])


@pytest.mark.parametrize("claim", [MIB + 1, 100 * MIB, 2**60, 2**64 - 1])
def test_a_header_that_claims_too_much_is_not_read(tmp_path: Path, claim: int) -> None:
    path = tmp_path / "x.safetensors"
    with path.open("wb") as file:
        file.write(claim.to_bytes(8, "little"))
        file.truncate(200 * MIB)  # sparse: the claim of 100 MiB is true
    tracemalloc.start()
    try:
        with pytest.raises(HeaderError, match=f"claims {claim} bytes, and at most {MIB} are read"):
            read_header(path)
        assert tracemalloc.get_traced_memory()[1] < MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_pickle_is_called_a_pickle(tmp_path: Path, protocol: int) -> None:
    with pytest.raises(HeaderError, match="pickle or zip"):
        read(tmp_path, pickle.dumps({"weights": list(range(50))}, protocol))


@pytest.mark.parametrize("text", ["", "{", "x", "[" * 200_000, '{"a": ' * 100_000, "9" * 5000])
def test_a_header_that_is_not_json_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(HeaderError, match="header is not JSON"):
        read(tmp_path, file_bytes(text))


def test_a_header_that_is_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HeaderError, match="header is not JSON"):
        read(tmp_path, (4).to_bytes(8, "little") + b"\xff\xfe\xfd\x80")


@pytest.mark.parametrize("text", ["[]", "3", "null", '"a"'])
def test_a_header_that_is_no_object_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(HeaderError, match="not a JSON object"):
        read(tmp_path, file_bytes(text))


@pytest.mark.parametrize("metadata", [[], None, "x", {"a": 1}, {"a": None}, {"a": {"b": "c"}}])
def test_metadata_are_a_map_of_strings(tmp_path: Path, metadata: object) -> None:
    with pytest.raises(HeaderError, match="map of strings"):
        read(tmp_path, file_bytes({"__metadata__": metadata}))


@pytest.mark.parametrize(
    "wrong",
    [
        3,
        None,
        [],
        {},
        {"dtype": "U8", "shape": [4]},
        {**entry(0, 4, [4]), "extra": 1},
    ],
)
def test_a_malformed_entry_is_named(tmp_path: Path, wrong: object) -> None:
    with pytest.raises(HeaderError, match="entry for tensor 'a' is malformed"):
        read(tmp_path, file_bytes({"a": wrong}, bytes(4)))


@pytest.mark.parametrize("dtype", ["F64", "f32", "", "OBJECT", 3, None, ["U8"], {}])
def test_a_dtype_that_is_not_allowed_is_named(tmp_path: Path, dtype: Any) -> None:
    with pytest.raises(HeaderError, match="tensor 'a' has the dtype"):
        read(tmp_path, file_bytes({"a": {**entry(0, 4, [4]), "dtype": dtype}}, bytes(4)))


@pytest.mark.parametrize(
    "change",
    [
        {"shape": 4},
        {"shape": [4.0]},
        {"shape": [True]},
        {"shape": [-4]},
        {"shape": ["4"]},
        {"shape": [2**48]},
        {"shape": [1] * 9},
        {"data_offsets": [0]},
        {"data_offsets": [0, 4, 4]},
        {"data_offsets": [-4, 0]},
        {"data_offsets": [0, 4.0]},
        {"data_offsets": None},
        {"data_offsets": [0, 10**40]},
    ],
)
def test_a_malformed_shape_or_range_is_named(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(HeaderError, match="tensor 'a' has a malformed shape or byte range"):
        read(tmp_path, file_bytes({"a": {**entry(0, 4, [4]), **change}}, bytes(4)))


@pytest.mark.parametrize(
    ("start", "stop", "shape", "dtype"),
    [
        (0, 4, [5], "U8"),
        (0, 4, [4], "F32"),
        (4, 0, [4], "U8"),
        (0, 4, [2**47] * 8, "F32"),
        (0, 4, [0], "U8"),
    ],
)
def test_a_range_that_does_not_fit_the_shape_is_refused(
    tmp_path: Path, start: int, stop: int, shape: list[int], dtype: str
) -> None:
    with pytest.raises(HeaderError, match="does not fit its shape"):
        read(tmp_path, file_bytes({"a": entry(start, stop, shape, dtype)}, bytes(4)))


@pytest.mark.parametrize("second", [(3, 7), (5, 9), (0, 4), (1, 2)])
def test_overlaps_and_gaps_are_refused(tmp_path: Path, second: tuple[int, int]) -> None:
    start, stop = second
    header = {"a": entry(0, 4, [4]), "b": entry(start, stop, [stop - start])}
    with pytest.raises(HeaderError, match="overlaps another or leaves a gap"):
        read(tmp_path, file_bytes(header, bytes(9)))


@pytest.mark.parametrize(("size", "problem"), [(3, "is cut off"), (5, "bytes that no tensor owns")])
def test_data_of_another_length_than_declared_are_refused(
    tmp_path: Path, size: int, problem: str
) -> None:
    with pytest.raises(HeaderError, match=f"{problem}: 4 bytes are declared, {size} are there"):
        read(tmp_path, file_bytes({"a": entry(0, 4, [4])}, bytes(size)))


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_header(tmp_path / "none.safetensors")

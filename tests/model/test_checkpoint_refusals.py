"""Claims on files that are no checkpoint: refused by content, with the reason, cheaply."""

from __future__ import annotations

import json
import random
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from model.checkpoint import CheckpointError, read_checkpoint
from model.inference import InferenceEngine, InferenceError
from model.latents import sample_latents

Header = dict[str, Any]
FIRST = "generator.layers.0.weight"


def split(content: bytes) -> tuple[Header, bytes]:
    (length,) = struct.unpack("<Q", content[:8])
    header: Header = json.loads(content[8 : 8 + length])
    return header, content[8 + length :]


def join(header: object, data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.fixture
def refuse(tmp_path: Path) -> Callable[[bytes, str], None]:
    """Return a check that these bytes are refused, by a message with these words."""

    def check(content: bytes, words: str) -> None:
        path = tmp_path / "bad.safetensors"
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=words) as refusal:
            read_checkpoint(path)
        message = str(refusal.value)
        assert message.startswith("bad.safetensors cannot be read as a checkpoint: ")
        assert "\n" not in message
        assert str(tmp_path) not in message

    return check


Refuse = Callable[[bytes, str], None]


def test_a_file_cut_off_anywhere_is_refused(plain_file: Path, refuse: Refuse) -> None:
    content = plain_file.read_bytes()
    end = 8 + struct.unpack("<Q", content[:8])[0]
    for length in [*range(8), 8, 9, end // 2, end - 1, end, end + 1, end + 4, len(content) - 1]:
        refuse(content[:length], "too short|cut off")


def test_bytes_after_the_last_tensor_are_refused(plain_file: Path, refuse: Refuse) -> None:
    refuse(plain_file.read_bytes() + b"\0", "bytes that no tensor owns")


def test_a_file_that_is_something_else_is_refused(tmp_path: Path, refuse: Refuse) -> None:
    torch.save({"weights": torch.zeros(3)}, tmp_path / "a.pt")
    refuse((tmp_path / "a.pt").read_bytes(), "pickle or zip file, which can run code")
    torch.save({"w": torch.zeros(3)}, tmp_path / "b.pt", _use_new_zipfile_serialization=False)
    refuse((tmp_path / "b.pt").read_bytes(), "pickle or zip file, which can run code")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("weights", "x")
    refuse((tmp_path / "c.zip").read_bytes(), "pickle or zip file, which can run code")
    refuse(
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        "it is not a safetensors file, or damaged: its header claims",
    )
    refuse(bytes(1000), "its header is not JSON")
    refuse(join({}, b""), "no format_version, so it was not exported by ganloom")


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.safetensors"):
        with pytest.raises(
            CheckpointError, match=r"cannot be read as a checkpoint: (Is a directory|No such file)"
        ):
            read_checkpoint(path)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("format_version", None, "no format_version"),
        ("format_version", "2", "format version 2, and this program reads version 1"),
        ("latent_scheme", "mersenne", "latent_scheme is 'mersenne'"),
        ("latent_scheme", None, "latent_scheme is None"),
        ("output_range", "[0, 1]", r"output_range is '\[0, 1\]'"),
        ("spec", None, "spec is not JSON"),
        ("spec", "[" * 100_000, "spec is not JSON"),
        ("spec", "[]", "not a JSON object"),
        ("class_names", None, "metadata are malformed: 'class_names'"),
        ("class_names", "{}", "metadata are malformed: names must be a list of strings"),
        ("class_names", "[3]", "metadata are malformed: names must be a list of strings"),
        ("class_names", '["a"]', "there are 1 class names for 0 classes"),
        ("attribute_names", "nonsense", "metadata are malformed"),
        ("attribute_names", r'["\ud800"]', "metadata are malformed: 'utf-8' codec"),
        ("provenance", r'{"credit": "\ud800"}', "metadata are malformed: 'utf-8' codec"),
        ("provenance", "[]", "metadata are malformed: the provenance is not a JSON object"),
        ("provenance", '{"owner": 1}', "field 'owner'"),
        ("provenance", "{" * 3000, "metadata are malformed"),
        ("golden", "[]", "metadata are malformed"),
        ("golden", '{"cpu": 3}', "metadata are malformed"),
        ("golden", "[" * 100_000, "metadata are malformed"),
    ],
)
def test_metadata_that_do_not_fit_are_refused(
    plain_file: Path, refuse: Refuse, key: str, value: str | None, words: str
) -> None:
    header, data = split(plain_file.read_bytes())
    if value is None:
        del header["__metadata__"][key]
    else:
        header["__metadata__"][key] = value
    refuse(join(header, data), words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"architecture": "biggan"}, "unknown architecture 'biggan'; this version has: dcgan"),
        ({"base_channels": 10**9}, "base_channels must be a whole number from 1 to 512"),
        ({"z_dim": 10**9}, "z_dim must be a whole number"),
        ({"img_resolution": 50}, "img_resolution must be 3, 4, 5, 6 or 7, doubled at least twice"),
        ({"img_width": 64}, "16 x 64 cannot be had"),
        ({"img_width": 20}, rf"tensor '{FIRST}' is F32 \(5, 4, 4, 4\), not F32 \(5, 4, 4, 5\)"),
        ({"attention_resolution": 8}, "it lacks the tensor 'generator.layers.6"),
        ({"depth": 3}, "unknown fields: depth"),
        # Sizes that are allowed, but not those of this file's tensors.
        ({"base_channels": 512}, rf"tensor '{FIRST}' is F32 \(5, 4, 4, 4\), not F32 \(5, 1024,"),
        ({"z_dim": 6}, rf"tensor '{FIRST}' is F32 \(5, 4, 4, 4\), not F32 \(6,"),
        ({"img_resolution": 256}, "it lacks the tensor"),
        ({"num_classes": 1}, f"tensor '{FIRST}' is"),
    ],
)
def test_a_spec_that_does_not_fit_is_refused(
    plain_file: Path, refuse: Refuse, change: Header, words: str
) -> None:
    header, data = split(plain_file.read_bytes())
    spec = {**json.loads(header["__metadata__"]["spec"]), **change}
    header["__metadata__"]["spec"] = json.dumps(spec)
    refuse(join(header, data), words)


def test_a_missing_and_an_extra_tensor_are_named(plain_file: Path, refuse: Refuse) -> None:
    header, data = split(plain_file.read_bytes())
    renamed = {name.replace(FIRST, "generator.layers.0.bias"): e for name, e in header.items()}
    refuse(join(renamed, data), f"lacks the tensor '{FIRST}'")
    end = len(data)
    extra = {"dtype": "U8", "shape": [1], "data_offsets": [end, end + 1]}
    refuse(join({**header, "code": extra}, data + b"x"), "has a tensor 'code'")


def test_a_tensor_of_another_type_or_shape_is_named(plain_file: Path, refuse: Refuse) -> None:
    header, data = split(plain_file.read_bytes())
    shape = header[FIRST]["shape"]
    for dtype, sizes in (("BF16", [*shape, 2]), ("U8", [*shape, 4]), ("F32", shape[::-1])):
        changed = {**header, FIRST: {**header[FIRST], "dtype": dtype, "shape": sizes}}
        refuse(join(changed, data), f"tensor '{FIRST}' is {dtype}")
    pixels = {**header["golden.pixels"], "shape": [16, 4, 16, 3]}
    refuse(join({**header, "golden.pixels": pixels}, data), "tensor 'golden.pixels' is U8")


def test_overlaps_and_gaps_are_refused(plain_file: Path, refuse: Refuse) -> None:
    header, data = split(plain_file.read_bytes())
    start, stop = header[FIRST]["data_offsets"]
    for shift in (-4, 4):
        moved = {**header[FIRST], "data_offsets": [start + shift, stop + shift]}
        refuse(join({**header, FIRST: moved}, data), "overlaps another or leaves a gap|malformed")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_weight_that_is_not_finite_is_refused(
    plain_file: Path, refuse: Refuse, value: float
) -> None:
    header, data = split(plain_file.read_bytes())
    start = header[FIRST]["data_offsets"][0] + 8
    broken = data[:start] + struct.pack("<f", value) + data[start + 4 :]
    refuse(join(header, broken), f"tensor '{FIRST}' holds a value that is not finite")


def test_of_a_tensor_declared_twice_the_last_declaration_counts(
    plain_file: Path, refuse: Refuse, tmp_path: Path
) -> None:
    header, data = split(plain_file.read_bytes())
    good = json.dumps(header[FIRST])
    bad = json.dumps({**header[FIRST], "shape": header[FIRST]["shape"][::-1]})
    assert bad != good
    text = json.dumps(header)
    first_bad = text.replace(f'"{FIRST}": {good}', f'"{FIRST}": {bad}, "{FIRST}": {good}').encode()
    last_bad = text.replace(f'"{FIRST}": {good}', f'"{FIRST}": {good}, "{FIRST}": {bad}').encode()
    path = tmp_path / "twice.safetensors"
    path.write_bytes(struct.pack("<Q", len(first_bad)) + first_bad + data)
    weights = read_checkpoint(path).weights
    for name, weight in read_checkpoint(plain_file).weights.items():
        assert torch.equal(weights[name], weight)
    refuse(struct.pack("<Q", len(last_bad)) + last_bad + data, f"tensor '{FIRST}' is")


@pytest.mark.parametrize("claim", [100 << 20, 2**60, 2**64 - 1])
def test_a_claim_costs_no_memory(
    tmp_path: Path, claim: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", claim))
        file.truncate(2**33)
    _refuse_flat(path, "its header claims", monkeypatch)


def test_a_huge_file_of_the_wrong_shape_is_refused_by_its_header(
    plain_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, data = split(plain_file.read_bytes())
    entry = {"dtype": "U8", "shape": [2**33], "data_offsets": [len(data), len(data) + 2**33]}
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as file:
        file.write(join({**header, "generator.huge": entry}, data))
        file.truncate(file.tell() + 2**33)
    _refuse_flat(path, "has a tensor 'generator.huge'", monkeypatch)


def _refuse_flat(path: Path, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object) -> None:
        raise AssertionError("the tensors were read")

    monkeypatch.setattr(Path, "read_bytes", forbid)
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match=words):
            read_checkpoint(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_changed_byte_is_refused_or_does_no_harm(class_file: Path, tmp_path: Path) -> None:
    content = class_file.read_bytes()
    sound = read_checkpoint(class_file)
    latents = sample_latents(sound.spec, [5])
    header_end = 8 + struct.unpack("<Q", content[:8])[0]
    rng = random.Random(6)
    path = tmp_path / "mutant.safetensors"
    loaded = 0
    for trial in range(160):
        place = rng.randrange(header_end) if trial % 2 else rng.randrange(header_end, len(content))
        mutant = bytearray(content)
        mutant[place] ^= rng.randrange(1, 256)
        path.write_bytes(mutant)
        try:
            checkpoint = read_checkpoint(path)
            engine = InferenceEngine(checkpoint, device="cpu", max_batch_size=1)
        except (CheckpointError, InferenceError):
            continue
        loaded += 1
        assert engine.generate_pixels(latents).shape == (1, 16, 16, 1)
        assert checkpoint.digest != sound.digest
    assert 0 < loaded < 150

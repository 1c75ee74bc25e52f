"""What goes over the socket of a lane's process comes out as it went in."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from app.framing import frame, read_frame
from app.image_encoding import ImageFormat
from app.lane_connection import LaneError
from app.lane_process import (
    _check,
    _read_batch,
    _read_request,
    _write_batch,
    _write_request,
)
from app.lanes import Encoding, Judgement, Payload, RenderedBatch
from model.latents import Latents

ENCODINGS: list[Encoding] = [None, *ImageFormat, *Judgement]


@pytest.mark.parametrize("has_labels", [False, True])
@pytest.mark.parametrize(("count", "z_dim"), [(1, 1), (3, 7), (32, 100), (257, 5)])
def test_a_request_comes_out_as_it_went_in(count: int, z_dim: int, has_labels: bool) -> None:
    rng = np.random.default_rng(count)
    z = rng.standard_normal((count, z_dim)).astype(np.float32)
    z[0, 0] = -0.0
    labels = rng.integers(0, 2**40, count) if has_labels else None
    encodings = [ENCODINGS[row % len(ENCODINGS)] for row in range(count)]
    message = _write_request(5, Latents(z, labels), encodings)
    assert struct.unpack_from("<III", message) == (5, count, z_dim)
    latents, read = _read_request(message, count, z_dim)
    assert latents.z.tobytes() == z.tobytes()
    assert latents.z.dtype == np.float32
    assert latents.z.flags.writeable
    assert (latents.labels is None) == (labels is None)
    if labels is not None:
        assert latents.labels is not None
        assert latents.labels.tolist() == labels.tolist()
    assert read == encodings


def test_a_view_of_rows_goes_as_its_copy_does() -> None:
    z = np.arange(40, dtype=np.float32).reshape(8, 5)
    view = Latents(z[::2], np.arange(8)[::2])
    copied = Latents(z[::2].copy(), np.arange(8)[::2].copy())
    encodings: list[Encoding] = [None] * 4
    assert _write_request(0, view, encodings) == _write_request(0, copied, encodings)


def test_a_batch_comes_out_as_it_went_in() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (2, 4, 4, 3), np.uint8)
    payloads: list[Payload] = [b"one file", pixels[0], b"", pixels[1].transpose(1, 0, 2), b"\0" * 9]
    batch = RenderedBatch(payloads, 0.1, 1e-9)
    encodings = [ImageFormat.PNG, None, ImageFormat.JPEG, None, ImageFormat.WEBP]
    read = _read_batch(memoryview(_write_batch(batch)), encodings, (4, 4, 3))
    assert (read.forward_s, read.encode_s) == (0.1, 1e-9)
    assert [read.payloads[at] for at in (0, 2, 4)] == [b"one file", b"", b"\0" * 9]
    assert all(isinstance(read.payloads[at], bytes) for at in (0, 2, 4))
    for at in (1, 3):
        found, expected = read.payloads[at], payloads[at]
        assert isinstance(found, np.ndarray)
        assert found.dtype == np.uint8
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("encodings", [[None], [None] * 3, [ImageFormat.PNG] * 3])
def test_a_batch_of_another_count_is_not_taken(encodings: list[Encoding]) -> None:
    answer = _write_batch(RenderedBatch([np.zeros((2, 2, 1), np.uint8)] * 2, 0, 0))
    with pytest.raises((ValueError, AssertionError)):
        assert len(_read_batch(memoryview(answer), encodings, (2, 2, 1)).payloads) == 2


@pytest.mark.parametrize("message", [b"", b"x", bytes(70_000)])
def test_frames_follow_one_another(message: bytes) -> None:
    file = io.BytesIO(frame(message) + frame(b"next"))
    assert read_frame(file) == message
    assert read_frame(file) == b"next"
    with pytest.raises(EOFError):
        read_frame(file)


def test_an_answer_is_what_was_asked_for_or_what_went_wrong() -> None:
    assert bytes(_check(b"\1pixels")) == b"pixels"
    assert bytes(_check(b"\1")) == b""
    with pytest.raises(LaneError, match=r"^out of memory: 7 µs$"):
        _check(b"\0" + "out of memory: 7 µs".encode())

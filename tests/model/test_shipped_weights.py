"""Claims on the weights that are shipped, in 8-bit integers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.checkpoint import read_checkpoint
from model.inference import InferenceEngine, InferenceError
from model.latents import sample_latents
from tests.model.conftest import needs_int8

WEIGHTS = Path(__file__).parents[2] / "weights"
NAMES = ("digits-32", "faces-64", "pixel-faces-16")


def load(name: str, precision: str) -> InferenceEngine:
    checkpoint = read_checkpoint(WEIGHTS / f"{name}.safetensors")
    return InferenceEngine(checkpoint, device="cpu", precision=precision, max_batch_size=8)


def measure_psnr(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    error = np.square(first.astype(np.float64) - second).mean()
    return float(10 * np.log10(255**2 / error))


def test_these_are_shipped() -> None:
    assert {path.stem for path in WEIGHTS.glob("*.safetensors")} >= {*NAMES}


@needs_int8
@pytest.mark.parametrize("name", ["digits-32", "faces-64"])
def test_8_bits_are_within_40_db_of_float32(name: str) -> None:
    engines = [load(name, precision) for precision in ("int8", "float32")]
    # Not the seeds that scales were fitted to, nor those that the choice was made by.
    batches = [sample_latents(engines[0].spec, range(at, at + 8)) for at in range(0, 64, 8)]
    pixels = [
        np.concatenate([engine.generate_pixels(batch) for batch in batches]) for engine in engines
    ]
    psnr_db = measure_psnr(*pixels)
    assert psnr_db >= 40
    assert engines[0].facts.psnr_db == pytest.approx(psnr_db, abs=2)


@needs_int8
def test_pixel_art_is_too_fine_a_choice_for_8_bits_and_says_so() -> None:
    with pytest.raises(InferenceError, match=r"int8: 3\d\.\d dB from float32, less than 40"):
        load("pixel-faces-16", "int8")

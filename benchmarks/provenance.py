"""What it costs to say in a file what made it: microseconds an image, by format.

python -m benchmarks.provenance
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from app.catalog import load_catalog
from app.claim_embedding import embed_claim
from app.claims import write_row_claims
from app.image_encoding import ImageFormat, encode_image
from app.metrics import Metrics
from app.render_plan import RenderRequest, Seeds, make_plan
from app.settings import Settings
from model.latents import Latents

_ROUNDS, _REPEATS = 7, 2000


def main() -> None:
    """Print a line for each format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    settings = Settings(weights=parser.parse_args().weights, lanes=1, provenance=True)
    catalog = load_catalog(settings, Metrics())
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    nothing = Latents(np.zeros((1, 1), np.float32))
    try:
        print("format  bytes more  claim us  embed us")
        for image_format in ImageFormat:
            request = RenderRequest(Seeds((7,)), "single", image_format)
            plan = make_plan(request, catalog, settings)
            file = encode_image(pixels, image_format)
            claim = write_row_claims(plan, nothing)[0]
            more = len(embed_claim(file, image_format, claim)) - len(file)
            writing = _time_us(lambda: write_row_claims(plan, nothing))  # noqa: B023
            embedding = _time_us(lambda: embed_claim(file, image_format, claim))  # noqa: B023
            print(f"{image_format.value:6}  {more:10}  {writing:8.2f}  {embedding:8.2f}")
    finally:
        for generator in catalog:
            for lane in generator.batcher.lanes:
                lane.close()


def _time_us(work: Callable[[], object]) -> float:
    """Return the least mean of several rounds."""
    best = float("inf")
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        for _ in range(_REPEATS):
            work()
        best = min(best, (time.perf_counter() - started) / _REPEATS)
    return 1e6 * best


if __name__ == "__main__":
    main()

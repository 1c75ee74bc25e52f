"""Sealing a checkpoint: its golden seeds are rendered by the engine that will serve them."""

from __future__ import annotations

import dataclasses

from model.checkpoint import Checkpoint
from model.golden import Golden, pixel_hashes
from model.inference import InferenceEngine


def seal_checkpoint(draft: Checkpoint) -> Checkpoint:
    """Return `draft` with golden pixels and a hash for each numeric path of this machine.

    Rendered on the CPU, in float32 and in the precision of this machine, so that what is
    served cannot drift unseen from what was exported.
    """
    hashes = {}
    for precision in ("auto", "float32"):
        engine = InferenceEngine(
            draft, device="cpu", precision=precision, max_batch_size=1, is_golden_checked=False
        )
        hashes[engine.facts.numeric_path] = pixel_hashes(engine.golden_pixels)
    golden = Golden(engine.golden_pixels, hashes)  # of float32, which every machine is near to
    return dataclasses.replace(draft, golden=golden)

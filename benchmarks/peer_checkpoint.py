"""The peers' generator as a ganloom checkpoint, so that all serve the very same weights.

    python -m benchmarks.peer_checkpoint weights/peer.safetensors
    python -m benchmarks.peer_checkpoint --check

With --check it only says how far ganloom's network is from the peers', image by image.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import torch

from benchmarks.peers.generator import (
    BASE_CHANNELS,
    IMG_CHANNELS,
    Z_DIM,
    build_generator,
    latent,
)
from model import generators
from model.checkpoint import Checkpoint, write_checkpoint
from model.golden import Golden
from model.inference import InferenceEngine
from model.provenance import Provenance
from model.spec import GeneratorSpec

SPEC = GeneratorSpec(
    architecture="dcgan",
    img_resolution=64,
    img_channels=IMG_CHANNELS,
    z_dim=Z_DIM,
    base_channels=BASE_CHANNELS,
)
_PROVENANCE = Provenance(
    preset="none: never trained",
    dataset="none: fixed random weights for benchmarks",
    licence="MIT, as the code",
    credit="torch.manual_seed(0)",
    software=f"torch {torch.__version__.split('+')[0]}",
)


def main() -> None:
    """Write the checkpoint, or compare the two networks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--check", action="store_true", help="compare with the peers' network")
    arguments = parser.parse_args()
    if arguments.check:
        print(f"largest difference of 32 float32 images in [-1, 1]: {largest_difference():.1e}")
    if arguments.path is not None:
        print(write_checkpoint(make_checkpoint(), arguments.path).digest)


def make_checkpoint() -> Checkpoint:
    """Return the checkpoint, its golden pixels rendered by the engine that will serve it."""
    draft = Checkpoint(
        spec=SPEC, weights=generator_weights(), golden=Golden.unknown(SPEC), provenance=_PROVENANCE
    )
    engine = InferenceEngine(draft, device="cpu", precision="float32", is_golden_checked=False)
    golden = Golden(engine.golden_pixels)
    return dataclasses.replace(draft, golden=golden)


def generator_weights() -> dict[str, torch.Tensor]:
    """Return the weights by the names that ganloom has for them."""
    # The peers' layers in the same order, under ganloom's name for the sequence.
    return {f"layers.{name}": tensor for name, tensor in build_generator().state_dict().items()}


@torch.inference_mode()
def largest_difference(count: int = 32) -> float:
    """Render `count` latents by both networks in float32; return the largest difference."""
    z = torch.stack([latent(seed) for seed in range(count)])
    network = generators.build_generator(SPEC)
    network.load_state_dict(generator_weights())
    ours = network.eval()(z.flatten(1))
    return float((ours - build_generator()(z)).abs().max())


if __name__ == "__main__":
    main()

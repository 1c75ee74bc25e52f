"""At which thread counts does a generator render the same alone and in a batch?

    python -m benchmarks.threads weights/faces-64.safetensors

The engine rounds its threads down to a power of two; this is why. Images are compared before
rounding, with those of one thread and a batch of one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from model.checkpoint import Checkpoint, read_checkpoint
from model.generators import build_generator
from model.latents import Latents, sample_latents

_SHAPES = (1, 2, 4, 8, 16, 32)
_ROWS = 32


def main() -> None:
    """Print, for each thread count, the batch sizes whose images are equal to the bit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2, 3, 4, 6, 8, 12, 16])
    arguments = parser.parse_args()

    checkpoint = read_checkpoint(arguments.checkpoint)
    generator = _build(checkpoint)
    latents = sample_latents(checkpoint.spec, range(_ROWS))
    torch.set_num_threads(1)
    expected = _render(generator, latents, 1)
    for threads in arguments.threads:
        torch.set_num_threads(threads)
        equal = [
            shape for shape in _SHAPES if torch.equal(_render(generator, latents, shape), expected)
        ]
        print(f"| {threads} threads | equal at {', '.join(map(str, equal)) or 'none'} |")


def _build(checkpoint: Checkpoint) -> nn.Module:
    generator = build_generator(checkpoint.spec)
    generator.load_state_dict(dict(checkpoint.weights))
    generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return generator.eval()


@torch.inference_mode()
def _render(generator: nn.Module, latents: Latents, shape: int) -> Tensor:
    images = []
    for start in range(0, len(latents), shape):
        rows = latents.rows(start, start + shape)
        labels = None if rows.labels is None else torch.from_numpy(rows.labels)
        images.append(generator(torch.from_numpy(rows.z), labels))
    return torch.cat(images)


if __name__ == "__main__":
    main()

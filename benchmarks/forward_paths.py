"""The ways to run the peers' generator forward: plain torch, and those of the engine."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmarks.peer_checkpoint import SPEC, generator_weights
from benchmarks.peers.generator import build_generator
from model import generators
from model.folding import fold_batch_norm
from model.numeric_path import NumericPath, PrecisionError, choose_path
from model.precision import fast_precisions

# z (n, 100) to images (n, 3, 64, 64).
Path = Callable[[Tensor], Tensor]


def build_paths() -> dict[str, Path]:
    """Return every path by name; a benchmark compares whatever is here."""
    return {**_plain_paths(), **_engine_paths()}


def _plain_paths() -> dict[str, Path]:
    channels_last = torch.channels_last
    return {
        "torch float32": _plain(build_generator(), torch.float32),
        "torch float32, channels last": _plain(
            build_generator().to(memory_format=channels_last),  # type: ignore[call-overload]
            torch.float32,
        ),
        "torch bfloat16, channels last": _plain(
            build_generator().to(torch.bfloat16, memory_format=channels_last),  # type: ignore[call-overload]
            torch.bfloat16,
        ),
    }


def _plain(network: nn.Module, dtype: torch.dtype) -> Path:
    def forward(z: Tensor) -> Tensor:
        images: Tensor = network(z[:, :, None, None].to(dtype))
        return images

    return forward


def _engine_paths() -> dict[str, Path]:
    """Return what the engine would use on this machine, at each precision that it has."""
    device = torch.device("cpu")
    network = generators.build_generator(SPEC)
    network.load_state_dict(generator_weights())
    generator = fold_batch_norm(network.eval().requires_grad_(False))
    paths: dict[str, Path] = {}
    for precision in fast_precisions(device):
        try:
            chosen = choose_path(generator, SPEC, device, precision)
        except PrecisionError as error:
            print(f"engine {precision} is left out: {error}")
        else:
            paths[f"engine {precision}"] = _engine(chosen.path)
    return paths


def _engine(path: NumericPath) -> Path:
    return lambda z: path.images(z, None)

"""What the first layers of a generator make of z, whatever its architecture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

_WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


class _Reached(Exception):  # noqa: N818 -- no error: it ends a pass that has shown enough
    pass


@torch.no_grad()
def first_matrix(generator: nn.Module, z_dim: int, is_conditional: bool) -> Tensor:
    """Return A, float64 (features, z_dim): the first weighted layer is A z plus a constant.

    It is read off the layer's own outputs for 0 and each unit vector, so the taps of a
    convolution, its padding and a label beside z are seen as they act. ValueError if the
    generator has no such layer.
    """
    points = torch.cat([torch.zeros(1, z_dim), torch.eye(z_dim)])
    labels = torch.zeros(len(points), dtype=torch.long) if is_conditional else None
    with _stop_after(generator, 0) as seen:
        _run(generator, points, labels)
    outputs = _only(seen)[1].double().flatten(1)
    return (outputs[1:] - outputs[0]).T


@torch.no_grad()
def first_features(generator: nn.Module, z: Tensor, labels: Tensor | None) -> Tensor:
    """Return what the second weighted layer sees, (n, features): past the first rectifier.

    ValueError if the generator has fewer than two such layers.
    """
    with _stop_after(generator, 1) as seen:
        _run(generator, z, labels)
    return _only(seen)[0].flatten(1)


@contextmanager
def _stop_after(generator: nn.Module, number: int) -> Iterator[list[tuple[Tensor, Tensor]]]:
    """Record input and output of the weighted layer that is called `number`-th, then stop."""
    seen: list[tuple[Tensor, Tensor]] = []
    calls = 0

    def record(_layer: nn.Module, inputs: Any, output: Any) -> None:
        nonlocal calls
        if calls == number:
            seen.append((inputs[0], output))
            raise _Reached
        calls += 1

    handles = [
        layer.register_forward_hook(record)
        for layer in generator.modules()
        if isinstance(layer, _WEIGHTED)
    ]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _run(generator: nn.Module, z: Tensor, labels: Tensor | None) -> None:
    try:
        generator(z, labels)
    except _Reached:
        return


def _only(seen: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    if not seen:
        raise ValueError("the generator has too few weighted layers to find directions in")
    return seen[0]

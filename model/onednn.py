"""Layers that one library computes on a CPU, whatever the number of rows.

torch chooses between oneDNN and its own loops by the size of a batch: for kernels of 3 x 3
and smaller it takes its own for a single row, and for linear layers a product of matrices that
rounds by the number of rows. So a row would not have the same bits alone as in company, and
an engine, which drops the batches that do not agree with a single row, would keep no others.
"""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

ModuleT = TypeVar("ModuleT", bound=nn.Module)

# Transposed convolutions with larger kernels are oneDNN's in any batch.
_LARGE_KERNEL = 4


class _Convolution(nn.Module):
    """A convolution by oneDNN."""

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.weight, self.bias = layer.weight, layer.bias
        assert not isinstance(layer.padding, str)
        self._sides = (layer.padding, layer.stride, layer.dilation)
        self._groups = layer.groups

    def forward(self, x: Tensor) -> Tensor:
        """Compute what the layer computes."""
        result: Tensor = torch.mkldnn_convolution(
            x, self.weight, self.bias, *self._sides, self._groups
        )
        return result


class _Transposed(nn.Module):
    """A transposed convolution by oneDNN."""

    def __init__(self, layer: nn.ConvTranspose2d) -> None:
        super().__init__()
        self.weight, self.bias = layer.weight, layer.bias
        self._sides = (layer.padding, layer.output_padding, layer.stride, layer.dilation)
        self._groups = layer.groups

    def forward(self, x: Tensor) -> Tensor:
        """Compute what the layer computes."""
        result: Tensor = torch.ops.mkldnn._convolution_transpose_pointwise(
            x, self.weight, self.bias, *self._sides, self._groups, "none", [], ""
        )
        return result


class _Linear(nn.Module):
    """A linear layer by oneDNN, each row an image of one place."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.weight, self.bias = layer.weight, layer.bias

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in) to (n, out)."""
        weight, images = self.weight[:, :, None, None], x[:, :, None, None]
        result: Tensor = torch.mkldnn_convolution(
            images, weight, self.bias, (0, 0), (1, 1), (1, 1), 1
        )
        return result.flatten(1)


def use_onednn(module: ModuleT) -> ModuleT:
    """Return `module`, or a copy where layers are replaced by ones of oneDNN.

    `module` computes with gradients off on a CPU, and is left as it was.
    """
    if not torch.backends.mkldnn.is_available():
        return module
    if all(_replacement(part) is None for part in module.modules()):
        return module
    result = copy.deepcopy(module)
    for parent in list(result.modules()):
        for name, child in list(parent.named_children()):
            replacement = _replacement(child)
            if replacement is not None:
                setattr(parent, name, replacement)
    return result


def _replacement(layer: nn.Module) -> nn.Module | None:
    if type(layer) is nn.Linear:
        return _Linear(layer)
    if (
        type(layer) is nn.Conv2d
        and layer.padding_mode == "zeros"
        and not isinstance(layer.padding, str)
    ):
        return _Convolution(layer)
    if type(layer) is nn.ConvTranspose2d and min(layer.kernel_size) < _LARGE_KERNEL:
        return _Transposed(layer)
    return None

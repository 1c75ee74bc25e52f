"""The forward pass of a draft in plain functions: the original, to hold the import against."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from model.importing.draft import Draft, DraftLayer
from model.stack_layer import StackLayer


def render_draft(draft: Draft, z: Tensor, labels: Tensor | None) -> Tensor:
    """Compute images (n, c, h, w) in [-1, 1] from z (n, z_dim), as the draft's project does.

    Uses the file's tensors as they are; an output in [0, 1] is mapped to [-1, 1] at the end.
    """
    x = _input(draft, z, labels)
    if draft.layers[0].layer.kind != "linear":
        x = x[:, :, None, None]
    for part in draft.layers:
        x = _activate(part.layer, _normalise(part, _operate(part, x)))
    return x * 2 - 1 if draft.layers[-1].layer.activation == "sigmoid" else x


def _input(draft: Draft, z: Tensor, labels: Tensor | None) -> Tensor:
    if labels is None:
        return z
    if draft.embedding is not None:
        label = F.embedding(labels, draft.embedding.weight)
    else:
        label = F.one_hot(labels, draft.num_classes).to(z.dtype)
    return torch.cat([label, z] if draft.has_labels_first else [z, label], dim=1)


def _operate(part: DraftLayer, x: Tensor) -> Tensor:
    layer = part.layer
    if layer.kind == "reshape":
        return x.reshape(len(x), layer.out_channels, *layer.kernel)
    if layer.kind in ("nearest", "bilinear"):
        factor = (float(layer.stride[0]), float(layer.stride[1]))
        return F.interpolate(x, scale_factor=factor, mode=layer.kind)
    if part.operation is None:
        return x
    weight, bias = part.operation.weight, part.operation.tensors.get("bias")
    if layer.kind == "linear":
        return F.linear(x, weight, bias)
    if layer.kind == "conv":
        return F.conv2d(x, weight, bias, layer.stride, layer.padding)
    return F.conv_transpose2d(x, weight, bias, layer.stride, layer.padding, layer.output_padding)


def _normalise(part: DraftLayer, x: Tensor) -> Tensor:
    if part.norm is None:
        return x
    tensors, eps = part.norm.tensors, part.layer.eps
    weight, bias = tensors.get("weight"), tensors.get("bias")
    if part.layer.norm == "batch":
        mean, variance = tensors["running_mean"], tensors["running_var"]
        return F.batch_norm(x, mean, variance, weight, bias, False, 0.0, eps)
    groups = 1 if part.layer.norm == "layer" else x.shape[1]
    return F.group_norm(x, groups, weight, bias, eps)


def _activate(layer: StackLayer, x: Tensor) -> Tensor:
    if layer.activation == "none":
        return x
    if layer.activation == "leaky_relu":
        return F.leaky_relu(x, layer.slope)
    if layer.activation in ("tanh", "sigmoid"):
        return torch.tanh(x) if layer.activation == "tanh" else torch.sigmoid(x)
    functions: dict[str, Callable[[Tensor], Tensor]]
    functions = {"relu": F.relu, "elu": F.elu, "selu": F.selu, "gelu": F.gelu, "silu": F.silu}
    return functions[layer.activation](x)

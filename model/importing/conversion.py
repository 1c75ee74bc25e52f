"""From a draft to a spec and weights of this project: the same function, written our way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from model.generators import build_generator
from model.importing.draft import Draft, DraftLayer, image_shape
from model.importing.draft_forward import render_draft
from model.importing.foreign import Foreign
from model.importing.import_error import ForeignError
from model.importing.modules import ForeignModule
from model.spec import GeneratorSpec, SpecError
from model.stack_layer import StackLayer

_Layer = tuple[StackLayer, dict[str, Tensor], dict[str, Tensor]]


def convert_draft(draft: Draft) -> Foreign:
    """Write a draft as a `stack`, or as `dcgan` where it is just that, which has more paths.

    Labels come after z as one-hot vectors, a bias before batch normalisation goes into its
    mean, and sigmoid becomes tanh of half its argument: 2 sigmoid(x) - 1 = tanh(x / 2).
    ForeignError if the images are of a shape that no spec holds.
    """
    layers = [_canonical(part) for part in draft.layers]
    layers[0] = _with_labels_last(layers[0], draft)
    layers[-1] = _with_tanh(layers)
    channels, height, width = image_shape(draft)
    try:
        spec = GeneratorSpec(
            "stack",
            height,
            channels,
            draft.z_dim,
            draft.num_classes,
            img_width=width,
            layers=tuple(layer for layer, _, _ in layers),
        )
    except SpecError as error:
        raise ForeignError(f"the generator is outside what can be served: {error}") from error
    with torch.device("meta"):
        generator = build_generator(spec)
    weights = dict(_name_tensors(generator, layers))
    return Foreign(draft.name, _as_dcgan(spec, generator), weights, partial(render_draft, draft))


def _canonical(part: DraftLayer) -> _Layer:
    """Return a layer with its tensors, the bias folded into a batch normalisation behind it."""
    operation = dict(part.operation.tensors) if part.operation else {}
    norm = _norm_tensors(part.norm) if part.norm else {}
    layer = part.layer
    if layer.norm == "batch" and "bias" in operation:
        norm["running_mean"] = norm["running_mean"] - operation.pop("bias")
        layer = replace(layer, bias=False)
    return layer, operation, norm


def _norm_tensors(module: ForeignModule) -> dict[str, Tensor]:
    """Complete a normalisation: old files count no batches, some have no scale and shift."""
    tensors = dict(module.tensors)
    tensors.setdefault("weight", torch.ones(module.size))
    tensors.setdefault("bias", torch.zeros(module.size))
    if module.kind == "batch":
        tensors.setdefault("num_batches_tracked", torch.tensor(0))
    return tensors


def _with_labels_last(first: _Layer, draft: Draft) -> _Layer:
    """Have the first layer take z and then a one-hot label."""
    if not draft.num_classes:
        return first
    layer, operation, norm = first
    axis = 0 if layer.kind == "transposed" else 1
    sizes = [draft.features - draft.z_dim, draft.z_dim]
    if not draft.has_labels_first:
        sizes.reverse()
    parts = torch.split(operation["weight"], sizes, dim=axis)
    of_label, of_z = parts if draft.has_labels_first else parts[::-1]
    if draft.embedding is not None:
        # W e(y) = (W E^T) onehot(y), with the embeddings as the rows of E.
        of_label = torch.tensordot(draft.embedding.weight, of_label, dims=([1], [axis]))
        of_label = of_label.movedim(0, axis)
    return layer, {**operation, "weight": torch.cat([of_z, of_label], dim=axis)}, norm


def _with_tanh(layers: list[_Layer]) -> _Layer:
    """Return the last layer with tanh; where it had sigmoid, what comes before is halved."""
    layer, operation, norm = layers[-1]
    if layer.activation != "sigmoid":
        return layers[-1]
    halved = norm if norm else operation
    if not halved and len(layers) > 1:  # a reshape: the linear layer before it has the tensors
        before, tensors, before_norm = layers[-2]
        if before_norm or before.activation != "none":
            raise ForeignError("a sigmoid behind this last layer cannot be written as tanh")
        layers[-2] = (before, _halve(tensors), before_norm)
        return replace(layer, activation="tanh"), operation, norm
    if norm:
        norm = {**norm, **_halve({leaf: norm[leaf] for leaf in ("weight", "bias")})}
    else:
        operation = _halve(operation)
    return replace(layer, activation="tanh"), operation, norm


def _halve(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {leaf: tensor / 2 for leaf, tensor in tensors.items()}


def _name_tensors(generator: nn.Module, layers: list[_Layer]) -> Iterator[tuple[str, Tensor]]:
    """Give the tensors, in order, to the modules of the stack that have any."""
    parts = iter([part for _, *pair in layers for part in pair if part])
    for name, module in generator.named_modules():
        own = dict(module.named_parameters(recurse=False)) | dict(
            module.named_buffers(recurse=False)
        )
        if not own:
            continue
        for leaf, tensor in next(parts).items():
            if leaf not in own or own[leaf].shape != tensor.shape:
                raise ForeignError(f"a {leaf} of shape {tuple(tensor.shape)} fits no layer")
            yield f"{name}.{leaf}", tensor


def _as_dcgan(spec: GeneratorSpec, stack: nn.Module) -> GeneratorSpec:
    """Return the spec of DCGAN's generator if it has the very same layers, else `spec`."""
    convolutions = [layer for layer in spec.layers if layer.kind == "transposed"]
    if len(convolutions) < 2:
        return spec
    try:
        candidate = GeneratorSpec(
            "dcgan",
            spec.img_resolution,
            spec.img_channels,
            spec.z_dim,
            spec.num_classes,
            img_width=spec.img_width,
            base_channels=convolutions[-2].out_channels,
        )
        with torch.device("meta"):
            dcgan = build_generator(candidate)
    except SpecError:
        return spec
    return candidate if repr(dcgan.layers) == repr(stack.layers) else spec

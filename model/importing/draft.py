"""`Draft`: a sequential generator as its own project defined it, with its own tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from model.importing.convention import Convention
from model.importing.geometry import settle_geometry
from model.importing.hints import Hints
from model.importing.import_error import ForeignError
from model.importing.modules import ForeignModule, read_modules
from model.importing.state_dict import StateDict
from model.stack_layer import StackLayer, trace_shapes

ValueT = TypeVar("ValueT")


@dataclass(frozen=True)
class DraftLayer:
    """A layer, and the foreign modules that its operation and its normalisation come from."""

    layer: StackLayer
    operation: ForeignModule | None = None
    norm: ForeignModule | None = None


@dataclass(frozen=True)
class Draft:
    """Layers from z to images. The last activation is "tanh" or "sigmoid", as it was."""

    name: str
    layers: tuple[DraftLayer, ...]
    z_dim: int
    num_classes: int
    embedding: ForeignModule | None
    has_labels_first: bool

    @property
    def features(self) -> int:
        """How many numbers the first layer takes: z and what stands for the label."""
        extra = self.num_classes if self.embedding is None else self.embedding.weight.shape[1]
        return self.z_dim + extra


def read_draft(state: StateDict, convention: Convention, hints: Hints) -> Draft:
    """Turn tensors into layers. ForeignError says what does not fit, or which flag is missing."""
    modules = read_modules(state)
    embeddings = [module for module in modules if module.kind == "embedding"]
    modules = [module for module in modules if module.kind != "embedding"]
    if len(embeddings) > 1 or not modules or modules[0].kind not in ("linear", "convolution"):
        raise ForeignError("a sequential generator begins with a linear layer or a convolution")
    builder = _Builder(modules, convention, hints)
    layers = builder.build()
    embedding = embeddings[0] if embeddings else None
    num_classes = _num_classes(embedding, hints)
    extra = num_classes if embedding is None else embedding.weight.shape[1]
    z_dim = builder.features - extra
    if z_dim < 1:
        raise ForeignError(
            f"the first layer takes {builder.features} numbers, so no label of {extra} numbers "
            "can lie beside z (labels that are multiplied into z cannot be read)"
        )
    settled = settle_geometry([part.layer for part in layers], builder.features, hints)
    return Draft(
        name=convention.name,
        layers=tuple(
            replace(part, layer=layer) for part, layer in zip(layers, settled, strict=True)
        ),
        z_dim=z_dim,
        num_classes=num_classes,
        embedding=embedding,
        has_labels_first=(
            convention.has_labels_first
            if hints.has_labels_first is None
            else hints.has_labels_first
        ),
    )


def _num_classes(embedding: ForeignModule | None, hints: Hints) -> int:
    if embedding is None:
        return hints.num_classes or 0
    rows = embedding.weight.shape[0]
    if hints.num_classes not in (None, rows):
        raise ForeignError(f"the file has {rows} classes, not {hints.num_classes}")
    return rows


class _Builder:
    """Adds layers one by one; holds the channels that the next one sees."""

    def __init__(
        self, modules: Sequence[ForeignModule], convention: Convention, hints: Hints
    ) -> None:
        self._modules = modules
        self._convention = convention
        self._hints = hints
        self._layers: list[DraftLayer] = []
        first = modules[0].weight
        if modules[0].kind == "linear":
            self.features, self._is_flat = first.shape[1], True
        else:
            is_plain = _is_named_plain(modules[0])
            self.features, self._is_flat = first.shape[1 if is_plain else 0], False
        self._channels = self.features

    def build(self) -> list[DraftLayer]:
        """Return the layers, all but strides and paddings settled."""
        weighted = [at for at, one in enumerate(self._modules) if one.kind in _WEIGHTED]
        activations = self._activations(len(weighted) - 1)
        norms = sum(one.kind in ("batch", "affine") for one in self._modules)
        eps = iter(_spread("--bn-eps", self._hints.bn_eps or self._convention.bn_eps, norms))
        convolutions = sum(one.kind == "convolution" for one in self._modules)
        factors = iter(self._upsamplings(convolutions))
        for order, start in enumerate(weighted):
            stop = weighted[order + 1] if order + 1 < len(weighted) else len(self._modules)
            module = self._modules[start]
            if module.kind == "linear":
                self._add_linear(module)
            else:
                self._add_convolution(module, next(factors))
            for norm in self._modules[start + 1 : stop]:
                self._add_norm(norm, next(eps))
            if order + 1 < len(weighted):
                self._activate(activations[order])
        self._finish()
        return self._layers

    def _activations(self, count: int) -> Sequence[str]:
        given = self._hints.activation or self._convention.activation
        if given is None and count:
            raise ForeignError(
                "the tensors do not say the activation of the hidden layers, and the layout is "
                "none that is known here: say --activation relu or leaky_relu (with --slope 0.2)"
            )
        return _spread("--activation", given or ("none",), count)

    def _upsamplings(self, count: int) -> Sequence[int | None]:
        given = self._hints.upsample or self._convention.upsample
        return [None] * count if given is None else _spread("--upsample", given, count)

    def _add_linear(self, module: ForeignModule) -> None:
        out, features = module.weight.shape
        if not self._is_flat or features != self._channels:
            raise ForeignError(
                f"layer {module.name!r} takes {features} numbers, but {self._channels} come before"
            )
        layer = StackLayer("linear", out, bias="bias" in module.tensors)
        self._layers.append(DraftLayer(layer, module))
        self._channels = out

    def _add_convolution(self, module: ForeignModule, factor: int | None) -> None:
        first, second, *kernel = module.weight.shape
        if self._is_flat:
            self._reshape(self._channels_before(module), module.name)
        if self._channels not in (first, second):
            raise ForeignError(
                f"layer {module.name!r} of shape {tuple(module.weight.shape)} does not take the "
                f"{self._channels} channels before it"
            )
        is_transposed = first == self._channels
        if first == second:
            is_transposed = self._is_square_transposed(module)
        if factor is None and not is_transposed and kernel != [1, 1]:
            raise ForeignError(
                "the tensors do not say where the image is up-sampled: say --upsample with a "
                "factor before each convolution, such as 1,2,2"
            )
        if factor is not None and factor > 1:
            self._layers.append(DraftLayer(StackLayer("nearest", stride=(factor, factor))))
        self._channels = second if is_transposed else first
        layer = StackLayer(
            "transposed" if is_transposed else "conv",
            self._channels,
            kernel=(kernel[0], kernel[1]),
            bias="bias" in module.tensors,
        )
        self._layers.append(DraftLayer(layer, module))

    def _channels_before(self, module: ForeignModule) -> int:
        """Return the channels that features must be reshaped to: those that make square maps."""
        first, second = module.weight.shape[:2]
        fitting = [part for part in (first, second) if _square_side(self._channels, part)]
        if len(fitting) == 1:
            return fitting[0]
        return second if _is_plain_kernel(module) else first

    def _is_square_transposed(self, module: ForeignModule) -> bool:
        """Say what a convolution is that has as many channels in as out."""
        if self._hints.square_kind is not None:
            return self._hints.square_kind == "transposed"
        is_told = self._convention.activation is not None or "conv" in module.name.lower()
        if not is_told and module.weight.shape[-1] % 2 and module.weight.shape[-1] > 1:
            raise ForeignError(
                f"the tensors do not say whether {module.name!r} is a transposed convolution: "
                "say --square-convolutions plain or --square-convolutions transposed"
            )
        return not _is_plain_kernel(module)

    def _reshape(self, channels: int, name: str) -> None:
        side = _square_side(self._channels, channels)
        if not side:
            raise ForeignError(
                f"{self._channels} features are no square maps of {channels} channels, as "
                f"{name!r} would take them"
            )
        self._layers.append(DraftLayer(StackLayer("reshape", channels, kernel=(side, side))))
        self._channels, self._is_flat = channels, False

    def _add_norm(self, module: ForeignModule, eps: float) -> None:
        if self._is_flat and module.size != self._channels:
            self._reshape(module.size, module.name)
        if module.size != self._channels:
            raise ForeignError(
                f"the normalisation {module.name!r} has {module.size} channels, but "
                f"{self._channels} come before it"
            )
        norm = "batch" if module.kind == "batch" else self._hints.norm
        if norm not in ("batch", "layer", "instance") or (norm == "batch") != (
            module.kind == "batch"
        ):
            raise ForeignError(
                f"the tensors do not say which normalisation {module.name!r} is: "
                "say --norm layer or --norm instance"
            )
        last = self._layers[-1]
        if last.layer.norm != "none":
            self._layers.append(DraftLayer(StackLayer("identity")))
            last = self._layers[-1]
        self._layers[-1] = replace(last, layer=replace(last.layer, norm=norm, eps=eps), norm=module)

    def _activate(self, activation: str) -> None:
        last = self._layers[-1]
        slope = self._convention.slope if self._hints.slope is None else self._hints.slope
        self._layers[-1] = replace(
            last, layer=replace(last.layer, activation=activation, slope=slope)
        )

    def _finish(self) -> None:
        if self._is_flat:
            fitting = [part for part in (1, 3) if _square_side(self._channels, part)]
            if len(fitting) != 1:
                raise ForeignError(f"{self._channels} features are no square gray or RGB image")
            self._reshape(fitting[0], "the image")
        self._activate("sigmoid" if self._hints.output_range == "sigmoid" else "tanh")


_WEIGHTED = ("linear", "convolution")


def _square_side(features: int, channels: int) -> int:
    """Return the side of the square maps that `features` are, 0 if they are none."""
    side = math.isqrt(features // channels) if channels else 0
    return side if channels * side * side == features else 0


def _is_named_plain(module: ForeignModule) -> bool:
    name = module.name.lower()
    return "conv" in name and not any(word in name for word in ("trans", "tconv", "deconv"))


def _is_plain_kernel(module: ForeignModule) -> bool:
    """Guess whether a convolution is a plain one: up-sampling ones have even kernels."""
    return _is_named_plain(module) or module.weight.shape[-1] % 2 == 1


def _spread(flag: str, values: Sequence[ValueT], count: int) -> Sequence[ValueT]:
    """Repeat one value `count` times, or require just as many."""
    if len(values) == 1:
        return list(values) * count
    if len(values) != count:
        raise ForeignError(f"{flag} needs one value, or one for each of {count} layers")
    return values


def image_shape(draft: Draft) -> tuple[int, ...]:
    """Return (channels, height, width) of the images."""
    return trace_shapes([part.layer for part in draft.layers], draft.features)[-1]

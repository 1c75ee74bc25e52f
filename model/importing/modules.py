"""`ForeignModule`: the tensors of one layer of a foreign network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from model.importing.import_error import ForeignError
from model.importing.state_dict import StateDict

_LEAVES = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}


@dataclass(frozen=True)
class ForeignModule:
    """A layer: its name, what its shapes say that it is, and its tensors by leaf name.

    `kind` is "linear", "convolution" (either sort), "batch", "affine" (a normalisation without
    statistics) or "embedding".
    """

    name: str
    kind: str
    tensors: Mapping[str, Tensor]

    @property
    def weight(self) -> Tensor:
        """The weight, which every kind but a batch normalisation without scale has."""
        return self.tensors["weight"]

    @property
    def size(self) -> int:
        """How many channels a normalisation has."""
        return len(next(iter(self.tensors.values())))


def read_modules(state: StateDict) -> list[ForeignModule]:
    """Group tensors by module in the order of the file, which is that of their definition.

    ForeignError names a tensor that no layer of a sequential generator has.
    """
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in state.items():
        module, _, leaf = name.rpartition(".")
        if leaf not in _LEAVES:
            raise ForeignError(
                f"tensor {name!r} is of no linear layer, convolution or normalisation: "
                "this is not a sequential generator of a layout that is known here"
            )
        groups.setdefault(module, {})[leaf] = tensor
    return [ForeignModule(name, _kind(name, part), part) for name, part in groups.items()]


def _kind(name: str, tensors: dict[str, Tensor]) -> str:
    weight = tensors.get("weight")
    if {"running_mean", "running_var"} <= set(tensors):
        sizes = {
            tuple(tensor.shape) for leaf, tensor in tensors.items() if leaf != "num_batches_tracked"
        }
        if len(sizes) == 1 and len(next(iter(sizes))) == 1:
            return "batch"
        raise ForeignError(f"the tensors of the normalisation {name!r} have different shapes")
    if weight is None or set(tensors) - {"weight", "bias"}:
        lacking = sorted({"weight", "running_mean", "running_var"} - set(tensors))
        raise ForeignError(f"layer {name!r} lacks {', '.join(lacking)}")
    bias = tensors.get("bias")
    if weight.ndim == 1 and bias is not None and bias.shape == weight.shape:
        return "affine"
    if weight.ndim == 2:
        return "embedding" if bias is None and "emb" in name else "linear"
    if weight.ndim == 4:
        return "convolution"
    raise ForeignError(f"tensor '{name}.weight' of shape {tuple(weight.shape)} is not understood")

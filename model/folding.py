"""Folding batch normalisation into convolutions: the same function in fewer passes."""

from __future__ import annotations

import copy
from typing import TypeVar

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

ModuleT = TypeVar("ModuleT", bound=nn.Module)


def fold_batch_norm(module: ModuleT) -> ModuleT:
    """Return a copy of `module` without the batch normalisations that follow a convolution.

    With fixed statistics the normalisation (Ioffe & Szegedy, 2015, algorithm 2) is a scale
    and a shift of each channel, so it goes into the weight and the bias before it. `module`
    must be in evaluation mode; it is left as it was. Computed in float64, so that the weights
    do not depend on how a CPU rounds. A normalisation that comes before its convolution, as in
    a residual block, stays.
    """
    folded = copy.deepcopy(module).double()
    for part in list(folded.modules()):
        if type(part) is nn.Sequential:  # a subclass may run its layers in another order
            layers = _fold_pairs(list(part))
            del part[:]
            part.extend(layers)
    return folded.float()


def _fold_pairs(layers: list[nn.Module]) -> list[nn.Module]:
    folded: list[nn.Module] = []
    for layer in layers:
        before = folded[-1] if folded else None
        if isinstance(layer, nn.BatchNorm2d) and isinstance(before, nn.Conv2d | nn.ConvTranspose2d):
            is_transposed = isinstance(before, nn.ConvTranspose2d)
            folded[-1] = fuse_conv_bn_eval(before, layer, transpose=is_transposed)
        else:
            folded.append(layer)
    return folded

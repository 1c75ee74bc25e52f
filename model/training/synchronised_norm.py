"""Batch normalisation over the batches of all ranks, on any device."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from model.training import ranks


class SynchronisedBatchNorm(_BatchNorm):
    """Ioffe & Szegedy (2015, algorithm 1) with the mean and variance of the whole batch.

    torch's own SyncBatchNorm is for GPUs alone. Every rank must call it equally often.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (n, width, ...); in evaluation mode by the statistics that were gathered."""
        if not self.training:
            return super().forward(x)
        dims = [0, *range(2, x.ndim)]
        shape = [1, -1, *[1] * (x.ndim - 2)]
        wide = x.float()
        mean = ranks.mean(wide.mean(dims))
        centred = wide - mean.view(shape)
        variance = ranks.mean(centred.square().mean(dims))
        self._note(mean.detach(), variance.detach(), ranks.count() * x.numel() // x.shape[1])
        normalised = centred * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            normalised = normalised * self.weight.view(shape) + self.bias.view(shape)
        return normalised.to(x.dtype)

    @torch.no_grad()
    def _note(self, mean: Tensor, variance: Tensor, values: int) -> None:
        """Move the running statistics as torch does: by the unbiased variance."""
        momentum = 0.0 if self.momentum is None else self.momentum
        unbiased = variance * (values / (values - 1))
        for statistic, value in ((self.running_mean, mean), (self.running_var, unbiased)):
            if statistic is not None:
                statistic.lerp_(value, momentum)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)

    def _check_input_dim(self, x: Tensor) -> None:
        """Take images and features alike."""


def synchronise(network: nn.Module) -> None:
    """Put it in the place of every batch normalisation of `network`, if there are ranks."""
    if ranks.count() == 1:
        return
    for parent in list(network.modules()):
        for name, layer in parent.named_children():
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                whole = SynchronisedBatchNorm(
                    layer.num_features, layer.eps, layer.momentum, layer.affine
                )
                whole.load_state_dict(layer.state_dict())
                parent.add_module(name, whole.to(next(layer.buffers()).device))

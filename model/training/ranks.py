"""Data-parallel runs: each *rank*, a process that `torchrun` started, computes a share of a batch.

Both networks, the average and the optimisers are the same on every rank, bit for bit: they begin
so, and move by gradients that are averaged over the ranks. In a process of its own, which is
the usual run, every function here does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor, distributed, nn
from torch.autograd.function import FunctionCtx

from model.training.config import ConfigError, TrainConfig

Rows = TypeVar("Rows", Tensor, NDArray)  # type: ignore[type-arg]


@contextmanager
def joined_ranks(device: str) -> Iterator[str]:
    """Join the ranks that `torchrun` started, if it did, and leave them; gives the own device.

    accelerate chooses the backend (gloo, nccl) and a GPU for each rank of a machine.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield device
        return
    from accelerate import PartialState

    state = PartialState(cpu=torch.device(device).type == "cpu")
    try:
        yield str(state.device)
        # A thread of gloo lets go of a reduced tensor after the reduction has returned; one that
        # does so while Python ends aborts the process. A barrier holds no tensor of Python's.
        wait()
    finally:
        state.destroy_process_group()


def count() -> int:
    """How many ranks there are."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def is_first() -> bool:
    """Whether this is the rank that writes files and talks to people."""
    return not distributed.is_initialized() or distributed.get_rank() == 0


def wait() -> None:
    """Wait until every rank is here."""
    if count() > 1:
        distributed.barrier()


def share(rows: Rows) -> Rows:
    """Return the rows of a batch (n, ...) that are this rank's, (n / count, ...), in order."""
    if count() == 1:
        return rows
    size = len(rows) // count()
    start = distributed.get_rank() * size
    return rows[start : start + size]


def mean(value: Tensor) -> Tensor:
    """Return the mean over the ranks of a tensor that each has, differentiable."""
    if count() == 1:
        return value
    result: Tensor = _Mean.apply(value)  # type: ignore[no-untyped-call]
    return result


def any_of(is_so: bool) -> bool:
    """Whether it is so on any rank."""
    if count() == 1:
        return is_so
    flag = torch.tensor(float(is_so), device=_device())
    distributed.all_reduce(flag, distributed.ReduceOp.MAX)
    return bool(flag)


@torch.no_grad()
def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace each gradient by its mean over the ranks, in place and in one message.

    After `backward`, and so after the second derivatives of a penalty too: a hook on the
    first backward pass, as of DistributedDataParallel, would have to know of two.
    """
    if count() == 1:
        return
    gradients = [weight.grad for weight in parameters if weight.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= count()
    parts = flat.split([gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def check_shares(config: TrainConfig) -> None:
    """Raise ConfigError for a recipe whose batches cannot be computed in shares."""
    ranks = count()
    if config.batch_size % (ranks * config.pack):
        raise ConfigError(
            f"a batch of {config.batch_size} cannot be shared by {ranks} processes: "
            f"--batch-size must be a multiple of {ranks * config.pack}"
        )
    if ranks > 1 and (config.loss == "relativistic-average" or config.penalty == "dragan"):
        raise ConfigError(
            f"{config.preset} compares each image with the whole batch: it runs in one process"
        )


class _Mean(torch.autograd.Function):
    """The mean over the ranks; every rank's result depends on every rank's value."""

    @staticmethod
    def forward(_context: FunctionCtx, value: Tensor) -> Tensor:
        total = value.clone()
        distributed.all_reduce(total)
        return total / count()

    @staticmethod
    def backward(_context: FunctionCtx, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        distributed.all_reduce(total)
        return total / count()


def _device() -> torch.device:
    is_cuda = distributed.get_backend() == "nccl"
    return torch.device("cuda", torch.cuda.current_device()) if is_cuda else torch.device("cpu")

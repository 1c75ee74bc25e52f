"""`Recorder`: work on a device recorded once, then repeated on the same memory."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

# cuDNN chooses its kernels and its workspace in the first passes, which a graph cannot record.
_WARM_UPS = 3

# A process has 32 streams, and each slot takes memory for all its shapes: further threads
# take turns.
_MAX_CUDA_SLOTS = 16

# All graphs of a process share the state of its random generator, whose replay and capture
# torch does not guard against each other (pytorch/pytorch#176754). A launch holds it for
# some microseconds.
_graph_lock = threading.Lock()

Work: TypeAlias = Callable[[], tuple[Tensor, ...]]


class Recorder(Protocol):
    """Where one slot computes: it records work and repeats it on the same memory."""

    device: torch.device

    def empty_host(self, size: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Return memory of the host that is fast to copy from and to."""

    def running(self) -> AbstractContextManager[None]:
        """Return a context in which all that is asked for happens here, in order."""

    def record(self, work: Work) -> tuple[tuple[Tensor, ...], Callable[[], None]]:
        """Return the outputs of `work`, and what computes them anew in the same memory."""

    def wait(self) -> None:
        """Return when all that was asked for is done."""


class CudaRecorder:
    """A stream of a GPU, with its graphs in one memory pool."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        with torch.cuda.device(device):
            # Not the default stream: lanes overlap, and a capture is not allowed there.
            self._stream = torch.cuda.Stream(device)
            # Blocking: a waiting thread sleeps, and leaves its core to those that encode.
            self._done = torch.cuda.Event(blocking=True)
            self._pool = torch.cuda.graph_pool_handle()

    def empty_host(self, size: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Return pinned memory: only from there a copy leaves the thread free."""
        with torch.cuda.device(self.device):
            return torch.empty(size, dtype=dtype, pin_memory=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Make the slot's stream the current one of this thread."""
        with torch.cuda.device(self.device), torch.cuda.stream(self._stream):
            yield

    def record(self, work: Work) -> tuple[tuple[Tensor, ...], Callable[[], None]]:
        """Capture `work` after some passes on the same stream, where its workspaces are."""
        # The weights and the inputs come from the stream of whoever is recording.
        self._stream.wait_stream(torch.cuda.current_stream(self.device))
        with _graph_lock, _no_collection(), self.running():
            for _ in range(_WARM_UPS):
                work()
            self._stream.synchronize()
            graph = torch.cuda.CUDAGraph()
            # Other threads may go on with other models: only this one's mistakes count.
            with torch.cuda.graph(
                graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
            ):
                outputs = work()

        def replay() -> None:
            with _graph_lock:
                graph.replay()

        return outputs, replay

    def wait(self) -> None:
        """Wait for an event, not for the device, whose other streams belong to other lanes."""
        self._done.record(self._stream)
        self._done.synchronize()


class EagerRecorder:
    """No graph: the work is done again and its results put where a graph would put them.

    For devices without graphs; what a slot does with its memory is the same.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def empty_host(self, size: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Return plain memory."""
        return torch.empty(size, dtype=dtype)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Change nothing."""
        yield

    @torch.no_grad()
    def record(self, work: Work) -> tuple[tuple[Tensor, ...], Callable[[], None]]:
        """Do `work` once."""
        outputs = work()

        @torch.no_grad()
        def replay() -> None:
            for output, result in zip(outputs, work(), strict=True):
                output.copy_(result)

        return outputs, replay

    def wait(self) -> None:
        """Return at once: all is done when it is asked for."""


def make_recorders(device: torch.device, lanes: int) -> list[Recorder]:
    """Return a recorder for each of `lanes` on `device`; on CUDA 16 at most."""
    if device.type == "cuda":
        return [CudaRecorder(device) for _ in range(min(lanes, _MAX_CUDA_SLOTS))]
    return [EagerRecorder(device) for _ in range(lanes)]


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep old graphs from being collected meanwhile: that breaks a capture (#161037)."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

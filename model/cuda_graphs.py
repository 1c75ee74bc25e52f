"""`GraphedGenerator`: a generator recorded once for each batch shape, one launch a batch.

A pass of a small network is some twenty kernels, which Python launches more slowly than the
GPU runs them. Recorded as a CUDA graph they are one launch, on memory that stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue

import torch
from torch import Tensor

from model.numeric_path import NumericPath
from model.pixels import to_pixels
from model.recorders import Recorder
from model.spec import GeneratorSpec

# A replay is as far as this from the pass that it records at most: 40 dB of [-1, 1].
_MAX_RMS = 0.02
_CHECK_SEED = 4_000


class GraphError(RuntimeError):
    """The recorded passes do not compute what they recorded, or not all the same."""


@dataclass(frozen=True)
class _Batch:
    """One recorded shape; `replay` computes `images` and `pixels` anew."""

    images: Tensor
    pixels: Tensor
    replay: Callable[[], None]


class _Slot:
    """What one pass needs for itself: input and output on both sides, and the recordings.

    The graphs share one memory pool, which is sound as they run one after the other and each
    result is taken before the next run. They live and die together: with the first that
    goes torch frees the workspaces of them all (pytorch/pytorch#193402).
    """

    def __init__(
        self, path: NumericPath, spec: GeneratorSpec, shapes: Sequence[int], recorder: Recorder
    ) -> None:
        self._recorder = recorder
        most = shapes[0]
        self._host_z = recorder.empty_host((most, spec.z_dim), torch.float32)
        self._host_labels = recorder.empty_host((most,), torch.int64)
        self._host_pixels = recorder.empty_host((most, *spec.pixels_shape), torch.uint8)
        with recorder.running():
            self._z = torch.zeros(most, spec.z_dim, device=recorder.device)
            self._labels = torch.zeros(most, dtype=torch.int64, device=recorder.device)
        self._batches = {shape: self._record(path, shape, spec.is_conditional) for shape in shapes}

    def images(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return a copy of the images on the host."""
        with self._recorder.running():
            return self._replay(z, labels).images.to("cpu", copy=True)

    def pixels(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return a copy of the pixels on the host."""
        host = self._host_pixels[: len(z)]
        with self._recorder.running():
            host.copy_(self._replay(z, labels).pixels, non_blocking=True)
            self._recorder.wait()
        # The caller may keep its pixels for long and the next batch is written over these.
        # NumPy's copy keeps to this thread, torch's would wake a team of threads in each lane.
        return torch.from_numpy(host.numpy().copy())

    def _replay(self, z: Tensor, labels: Tensor | None) -> _Batch:
        rows = len(z)
        self._host_z.numpy()[:rows] = z.numpy()
        self._z[:rows].copy_(self._host_z[:rows], non_blocking=True)
        if labels is not None:
            self._host_labels.numpy()[:rows] = labels.numpy()
            self._labels[:rows].copy_(self._host_labels[:rows], non_blocking=True)
        batch = self._batches[rows]
        batch.replay()
        return batch

    def _record(self, path: NumericPath, shape: int, is_conditional: bool) -> _Batch:
        z = self._z[:shape]
        labels = self._labels[:shape] if is_conditional else None

        def work() -> tuple[Tensor, Tensor]:
            images = path.images(z, labels)
            return images, to_pixels(images)

        (images, pixels), replay = self._recorder.record(work)
        return _Batch(images, pixels, replay)


class GraphedGenerator:
    """A path recorded in fixed batch shapes; each recorder is a slot that one thread borrows.

    As many threads as there are recorders render at once, and one more waits for a slot. All
    is recorded in the constructor, the largest shape first, so that the others find their
    memory in its pool. GraphError if a recording does not compute what `path` does, or not
    the very bits of the other slots.
    """

    # What is allocated in inference mode could not be written outside it, torch's own state
    # of a first capture among it (pytorch/pytorch#166792).
    @torch.inference_mode(False)
    @torch.no_grad()
    def __init__(
        self,
        path: NumericPath,
        spec: GeneratorSpec,
        shapes: Sequence[int],
        recorders: Sequence[Recorder],
    ) -> None:
        self._path = path  # a graph knows where the weights are, but does not hold them
        self._spec = spec
        self._shapes = sorted(set(shapes), reverse=True)
        slots = [_Slot(path, spec, self._shapes, recorder) for recorder in recorders]
        self._check(slots, recorders[0].device)
        self._free: SimpleQueue[_Slot] = SimpleQueue()
        for slot in slots:
            self._free.put(slot)

    def images(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return float (n, c, h, w) in [-1, 1] on the host: what `pixels` rounds.

        z (n, z_dim) and labels (n,) are on the host; ValueError if n is not recorded.
        """
        with self._borrow(z, labels) as slot:
            return slot.images(z, labels)

    def pixels(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return uint8 (n, h, w, c) on the host, the caller's own; takes what `images` takes."""
        with self._borrow(z, labels) as slot:
            return slot.pixels(z, labels)

    @contextmanager
    def _borrow(self, z: Tensor, labels: Tensor | None) -> Iterator[_Slot]:
        if len(z) not in self._shapes:
            known = ", ".join(map(str, reversed(self._shapes)))
            raise ValueError(f"a batch has as many rows as one recorded, {known}; not {len(z)}")
        if (labels is not None) != self._spec.is_conditional:
            raise ValueError("labels are given exactly when the generator has classes")
        slot = self._free.get()
        try:
            yield slot
        finally:
            self._free.put(slot)

    def _check(self, slots: list[_Slot], device: torch.device) -> None:
        """Compare the slots' bits with each other, and the images with those of the path."""
        random = torch.Generator().manual_seed(_CHECK_SEED)
        z = torch.randn(self._shapes[0], self._spec.z_dim, generator=random)
        classes = self._spec.num_classes
        labels = torch.arange(len(z)) % classes if classes else None
        for shape in self._shapes:
            rows = z[:shape], None if labels is None else labels[:shape]
            first, *others = [slot.images(*rows) for slot in slots]
            if any(not torch.equal(first, images) for images in others):
                raise GraphError(f"lanes give unequal images of the same {shape} rows")
            on_device = None if labels is None else labels[:shape].to(device)
            expected = self._path.images(z[:shape].to(device), on_device)
            distance = (first.double() - expected.double().cpu()).square().mean().sqrt().item()
            if not distance <= _MAX_RMS:
                raise GraphError(f"a recording of {shape} rows is {distance:.2g} off its pass")

"""`InferenceEngine`: a loaded generator, made exact and fast on its device.

Kernels may round differently for different batch sizes, so the engine runs a few fixed
shapes, pads to them, and proves before use that they agree: a seed's pixels are then the
same alone, in any batch and at any row.

They are held against a batch of one on the CPU, and on CUDA against one of 32 rows: were the
kernels of a single row the odd ones out, nothing but single rows would be left. The number
is fixed, so that no setting moves a pixel.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.checkpoint import Checkpoint
from model.cuda_graphs import GraphedGenerator, GraphError
from model.floating import FloatGenerator
from model.folding import fold_batch_norm
from model.generators import load_generator
from model.golden import GOLDEN_SEEDS, Golden
from model.latents import Latents, sample_latents
from model.numeric_path import NumericPath, PrecisionError, choose_path, name_path, to_tensors
from model.precision import Precision
from model.recorders import make_recorders
from model.spec import GeneratorSpec

_log = logging.getLogger(__name__)

_PROBE_SEED = 1_000
# Every shape is compared in this many rows at least: a rare bit shows in many images.
_PROBE_ROWS = 16
_CUDA_REFERENCE_ROWS = 32
# In float16 a difference in float32 sums is mostly rounded away.
_CUDA_PROBE_ROWS = 256


class InferenceError(RuntimeError):
    """The device cannot render this checkpoint, or does not render it as its exporter did."""


@dataclass(frozen=True)
class EngineFacts:
    """What an engine found out about its device and its checkpoint."""

    device: str
    precision: str
    numeric_path: str  # names all that decides a pixel's rounding
    psnr_db: float | None  # how far the pixels are from float32; None in float32 itself
    # "exact", or "close" where another processor or precision than the exporter's rounded
    # differently.
    golden_verdict: str
    batch_shapes: tuple[int, ...]  # the row counts that are run, ascending


class InferenceEngine:
    """Turns latents into pixels; owns the generator on its device.

    Up to `lanes` threads may render at once; on the CPU a forward pass keeps to the thread
    that asks for it, so that none waits for another.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        device: str = "auto",
        precision: str = "auto",
        lanes: int = 1,
        max_batch_size: int = 32,
        is_golden_checked: bool = True,
    ) -> None:
        self.spec = checkpoint.spec
        self._device = torch.device(choose_device(device))
        _prepare_device(self._device)
        generator = fold_batch_norm(load_generator(checkpoint.spec, checkpoint.weights))
        verdict = self._judge(generator, checkpoint.golden)
        if is_golden_checked and verdict == "wrong":
            raise InferenceError(
                "the golden seeds do not render as they did at export: "
                "the weights are damaged or this device computes wrongly"
            )
        try:
            chosen = choose_path(generator, self.spec, self._device, precision)
        except PrecisionError as error:
            raise InferenceError(f"precision {precision!r} cannot be used: {error}") from error
        shapes = _plan_shapes(self._device, max_batch_size)
        self._path = self._record(chosen.path, shapes, lanes)
        self._shapes = self._prove_shapes(shapes, max_batch_size, lanes)
        self.golden_pixels = _render_golden(self.spec, self.generate_pixels)
        # On CUDA the float32 that was judged is not that of a padded batch.
        if chosen.precision is not Precision.FLOAT32 or self._path is not chosen.path:
            has_seen = checkpoint.golden.has_seen(self.golden_pixels, chosen.name)
            verdict = "exact" if has_seen else "close"
        self.facts = EngineFacts(
            device=str(self._device),
            precision=chosen.precision,
            numeric_path=chosen.name,
            psnr_db=chosen.psnr_db,
            golden_verdict=verdict,
            batch_shapes=self._shapes,
        )

    def generate_pixels(self, latents: Latents) -> NDArray[np.uint8]:
        """Render (n, z_dim) latents as pixels (n, h, w, c), n <= batch_shapes[-1].

        ValueError if there are too many rows, or labels where none belong or the reverse.
        """
        rows = len(latents)
        shapes = self._shapes
        shape = next((shape for shape in shapes if shape >= rows), None)
        if shape is None:
            raise ValueError(f"at most {shapes[-1]} rows are rendered at once")
        if (latents.labels is not None) != self.spec.is_conditional:
            raise ValueError("labels are given exactly when the generator has classes")
        return self._pixels(self._path, _pad(latents, shape))[:rows]

    def check_golden(self) -> None:
        """Render the golden seeds again; InferenceError if they are not as at the start."""
        if not np.array_equal(_render_golden(self.spec, self.generate_pixels), self.golden_pixels):
            raise InferenceError("the golden seeds no longer render as they did at the start")

    def _judge(self, generator: nn.Module, golden: Golden) -> str:
        """Compare the golden pixels in float32 with the exporter's: are the weights right?"""
        reference = FloatGenerator(generator, self._device, torch.float32)
        name = name_path(self._device, Precision.FLOAT32)
        return golden.judge(_render_golden(self.spec, partial(self._pixels, reference)), name)

    def _record(self, path: NumericPath, shapes: Sequence[int], lanes: int) -> NumericPath:
        """Return `path` recorded in CUDA graphs; on the CPU it is run as it is."""
        if self._device.type != "cuda":
            return path
        try:
            return GraphedGenerator(path, self.spec, shapes, make_recorders(self._device, lanes))
        except (GraphError, torch.OutOfMemoryError) as error:
            raise InferenceError(
                f"{lanes} lanes of {shapes[-1]} rows cannot be recorded on {self._device}: {error}"
            ) from error

    @torch.inference_mode()
    def _pixels(self, path: NumericPath, latents: Latents) -> NDArray[np.uint8]:
        pixels: NDArray[np.uint8] = path.pixels(*self._inputs(path, latents)).cpu().numpy()
        return pixels

    @torch.inference_mode()
    def _images(self, latents: Latents) -> Tensor:
        return self._path.images(*self._inputs(self._path, latents))

    def _inputs(self, path: NumericPath, latents: Latents) -> tuple[Tensor, Tensor | None]:
        # A thread learns how many others it may use when torch first asks; oneDNN does not ask, so
        # the first pass of a thread would be cut into more parts, and summed otherwise, than all
        # later ones.
        torch.get_num_threads()
        # A recorded path copies its input itself, from pinned memory and on its own stream.
        is_recorded = isinstance(path, GraphedGenerator)
        return to_tensors(latents, torch.device("cpu") if is_recorded else self._device)

    def _prove_shapes(
        self, candidates: Sequence[int], max_batch_size: int, lanes: int
    ) -> tuple[int, ...]:
        """Return the candidates up to `max_batch_size` that agree with the reference shape.

        Every row of every shape is compared, with seeds that no row shares, on all lanes at
        once; this is also the warm-up. Images are compared before rounding, or a shape that is
        off by a bit could pass here and flip a pixel of another seed. Seeds move on by a row,
        so that those of the reference are compared with each other. The reference alone is
        left, even beyond the most, where nothing smaller agrees. InferenceError if its own
        rows differ.
        """
        reference, probe_rows = _reference(self._device)
        count = max(probe_rows, candidates[-1])
        latents = sample_latents(self.spec, range(_PROBE_SEED, _PROBE_SEED + count))
        moved = Latents.concatenate([latents.rows(1, count), latents.rows(0, 1)])
        with ThreadPoolExecutor(lanes) as pool:
            images = torch.cat(list(pool.map(self._images, latents.split(reference))))
            expected = images.roll(-1, 0)

            def agrees(shape: int) -> bool:
                starts = range(0, max(probe_rows, shape) - shape + 1, shape)
                return all(
                    torch.equal(self._images(moved.rows(at, at + shape)), expected[at : at + shape])
                    for at in starts
                )

            verdicts = list(pool.map(agrees, candidates))
        dropped = [shape for shape, fits in zip(candidates, verdicts, strict=True) if not fits]
        if reference in dropped:
            raise InferenceError(f"equal rows of one batch come out unequal on {self._device}")
        if dropped:
            _log.info("not used, as they round otherwise than %d rows: %s", reference, dropped)
        agreeing = [shape for shape in candidates if shape not in dropped]
        return tuple(shape for shape in agreeing if shape <= max_batch_size) or (reference,)


def device_memory_bytes(device: str) -> int:
    """Return what torch's tensors take of a GPU's memory; 0 for the CPU."""
    return torch.cuda.memory_allocated(device) if device.startswith("cuda") else 0


def choose_device(device: str) -> str:
    """Return the torch device meant by `device`; "auto" is the GPU where there is one.

    InferenceError if a GPU is asked for and none is usable.
    """
    has_cuda = torch.cuda.is_available()
    if device == "auto":
        return "cuda" if has_cuda else "cpu"
    if device.startswith("cuda") and not has_cuda:
        raise InferenceError(f"device {device!r} was asked for, but torch sees no CUDA device")
    index = torch.device(device).index or 0
    if device.startswith("cuda") and index >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise InferenceError(f"device {device!r} was asked for, but torch sees {count} of them")
    return device


def require_exact_kernels() -> None:
    """Have CUDA compute the same bits each time: no TensorFloat-32, no autotuned kernels."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def _prepare_device(device: torch.device) -> None:
    if device.type == "cuda":
        require_exact_kernels()
    else:
        torch.set_num_threads(1)  # in this thread, and in all that have not computed yet


def _reference(device: torch.device) -> tuple[int, int]:
    """Return the shape that decides the bits, and how many rows are compared at least."""
    if device.type == "cuda":
        return _CUDA_REFERENCE_ROWS, _CUDA_PROBE_ROWS
    return 1, _PROBE_ROWS


def _plan_shapes(device: torch.device, max_batch_size: int) -> list[int]:
    """Return the shapes to try, ascending: up to the most, and always the reference.

    On CUDA they are powers of two: padding costs little there, and each shape takes memory
    in each lane.
    """
    if device.type != "cuda":
        return [*_batch_shapes(max_batch_size)]
    powers = {1 << power for power in range(max_batch_size.bit_length())}
    return sorted(powers | {_CUDA_REFERENCE_ROWS})


def _batch_shapes(max_batch_size: int) -> Iterator[int]:
    """Count 1, 2, ... 8, 10, ... 16, 20, ... 32, 40, ...: less than a quarter is padding."""
    shape = 1
    while shape <= max_batch_size:
        yield shape
        shape += max(1, (1 << shape.bit_length()) // 8)


def _render_golden(
    spec: GeneratorSpec, render: Callable[[Latents], NDArray[np.uint8]]
) -> NDArray[np.uint8]:
    return np.concatenate([render(row) for row in sample_latents(spec, GOLDEN_SEEDS).split(1)])


def _pad(latents: Latents, shape: int) -> Latents:
    missing = shape - len(latents)
    if not missing:
        return latents
    # Copies of the first row: values a generator is known to take.
    filler = latents.rows(0, 1)
    return Latents.concatenate([latents, *[filler] * missing])

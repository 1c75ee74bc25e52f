"""`InferenceEngine`: a loaded generator, made exact and fast on its device.

Kernels may round differently for different batch sizes, so the engine runs a few fixed
shapes, pads to them, and proves before use that they agree: a seed's pixels are then the
same alone, in any batch and at any row.
"""

from __future__ import annotations

import logging
import re

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.checkpoint import Checkpoint
from model.generators import build_generator
from model.golden import GOLDEN_SEEDS
from model.latents import Latents, sample_latents
from model.pixels import to_pixels

_log = logging.getLogger(__name__)


class InferenceError(RuntimeError):
    """The device cannot render this checkpoint, or does not render it as its exporter did."""


class InferenceEngine:
    """Turns latents into pixels; owns the generator on its device.

    Not thread-safe: one thread calls it. `numeric_path` names all that decides a pixel's
    rounding, and `golden_verdict` is "exact" or "close" (another processor than the
    exporter's rounded a few pixels the other way).
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        device: str = "auto",
        threads: int | None = None,
        max_batch_size: int = 32,
        is_golden_checked: bool = True,
    ) -> None:
        self.spec = checkpoint.spec
        self.device = choose_device(device)
        torch.set_num_threads(_choose_threads(threads))
        self.numeric_path = _numeric_path(self.device)
        self._golden = checkpoint.golden
        self._generator = _load(checkpoint, torch.device(self.device))
        self.batch_shapes = self._prove_shapes(max_batch_size)
        self.golden_pixels = self._render_golden()
        self.golden_verdict = self._golden.judge(self.golden_pixels, self.numeric_path)
        if is_golden_checked and self.golden_verdict == "wrong":
            raise InferenceError(
                "the golden seeds do not render as they did at export: "
                "the weights are damaged or this device computes wrongly"
            )

    def generate_pixels(self, latents: Latents) -> NDArray[np.uint8]:
        """Render (n, z_dim) latents as pixels (n, h, w, c), n <= batch_shapes[-1].

        ValueError if there are too many rows, or labels where none belong or the reverse.
        """
        rows = len(latents)
        shape = next((shape for shape in self.batch_shapes if shape >= rows), None)
        if shape is None:
            raise ValueError(f"at most {self.batch_shapes[-1]} rows are rendered at once")
        if (latents.labels is not None) != self.spec.is_conditional:
            raise ValueError("labels are given exactly when the generator has classes")
        return to_pixels(self._forward(_pad(latents, shape)))[:rows]

    def check_golden(self) -> None:
        """Render the golden seeds again; InferenceError if they are not as at the start."""
        if not np.array_equal(self._render_golden(), self.golden_pixels):
            raise InferenceError("the golden seeds no longer render as they did at the start")

    @torch.inference_mode()
    def _forward(self, latents: Latents) -> Tensor:
        z = torch.from_numpy(latents.z).to(self.device)
        labels = None
        if latents.labels is not None:
            labels = torch.from_numpy(latents.labels).to(self.device)
        images: Tensor = self._generator(z, labels)
        return images

    def _render_golden(self) -> NDArray[np.uint8]:
        latents = sample_latents(self.spec, GOLDEN_SEEDS)
        single = [latents.rows(row, row + 1) for row in range(len(latents))]
        return np.concatenate([self.generate_pixels(row) for row in single])

    def _prove_shapes(self, max_batch_size: int) -> tuple[int, ...]:
        """Return the powers of two up to `max_batch_size` that agree with a batch of one.

        Every row of every shape is compared, with seeds that no row shares; this is also
        the warm-up. Images are compared before rounding, or a shape that is off by a bit could
        pass here and flip a pixel of another seed. A shape that disagrees is dropped.
        """
        count = 1 << (max(max_batch_size, 1).bit_length() - 1)
        latents = sample_latents(self.spec, range(1000, 1000 + count))
        alone = [self._forward(latents.rows(row, row + 1)) for row in range(count)]
        expected = torch.cat(alone)
        shapes = [1]
        shape = 2
        while shape <= count:
            parts = [latents.rows(at, at + shape) for at in range(0, count, shape)]
            if torch.equal(torch.cat([self._forward(part) for part in parts]), expected):
                shapes.append(shape)
            else:
                _log.warning("batches of %d do not agree with a batch of one: not used", shape)
            shape *= 2
        return tuple(shapes)


def _choose_threads(threads: int | None) -> int:
    """Return a power of two, the given number or all cores rounded down.

    oneDNN splits a sum by the number of threads: with 3, 6 or 12 batches were seen to disagree
    with a batch of one, with powers of two up to 16 they agree.
    """
    count = torch.get_num_threads() if threads is None else threads
    return 1 << (max(count, 1).bit_length() - 1)


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


def _load(checkpoint: Checkpoint, device: torch.device) -> nn.Module:
    with torch.device("meta"):
        generator = build_generator(checkpoint.spec)
    generator.load_state_dict(dict(checkpoint.weights), assign=True)
    generator.eval().requires_grad_(False)
    if device.type == "cuda":
        require_exact_kernels()
    return generator.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _numeric_path(device: str) -> str:
    """Name the device, precision, library and threads: what may move a pixel by one level."""
    if torch.device(device).type == "cuda":
        unit = torch.cuda.get_device_name(device)
    else:
        unit = torch.backends.cpu.get_cpu_capability()
    unit = re.sub(r"[^a-z0-9]+", "-", unit.lower()).strip("-")
    path = f"{torch.device(device).type}-{unit}-float32-torch{torch.__version__.split('+')[0]}"
    is_cpu = torch.device(device).type == "cpu"
    return f"{path}-{torch.get_num_threads()}-threads" if is_cpu else path


def _pad(latents: Latents, shape: int) -> Latents:
    missing = shape - len(latents)
    if not missing:
        return latents
    # Copies of the first row: values a generator is known to take.
    filler = latents.rows(0, 1)
    return Latents.concatenate([latents, *[filler] * missing])

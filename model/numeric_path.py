"""`NumericPath`: one way to compute a generator; the fastest that is near enough is chosen."""

from __future__ import annotations

import copy
import logging
import re
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from model.floating import FloatGenerator
from model.latents import Latents, sample_latents
from model.precision import Precision, fast_precisions
from model.quantization import NotQuantizableError, QuantizedGenerator
from model.spec import GeneratorSpec

_log = logging.getLogger(__name__)

# ETags hold the path's name: a change of any path's arithmetic needs a new number.
_VERSION = 2
_CUDA_VERSION = 3
# A root mean square error of 2.55 levels of 255.
_MIN_PSNR_DB = 40.0

_CALIBRATION_SEEDS = range(2_000, 2_128)
_PSNR_SEEDS = range(3_000, 3_032)


class PrecisionError(RuntimeError):
    """The precision asked for is not to be had: the message says why."""


class NumericPath(Protocol):
    """A generator made ready for its device. Several threads may render at once."""

    def images(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return float (n, c, h, w) in [-1, 1]: what `pixels` rounds."""

    def pixels(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return uint8 (n, h, w, c)."""


@dataclass(frozen=True)
class ChosenPath:
    """A path, the name of all that decides its rounding, and how far it is from float32."""

    path: NumericPath
    precision: Precision
    name: str
    psnr_db: float | None  # None in float32 itself


@torch.inference_mode()
def choose_path(
    generator: nn.Module, spec: GeneratorSpec, device: torch.device, precision: str
) -> ChosenPath:
    """Return the fastest path of `device` within 40 dB of float32, or the one asked for.

    `generator` is in float32 on the CPU and is left as it was; "auto" tries what the device
    has fast instructions for. PrecisionError if the one asked for is missing or too far off.
    """
    reference = FloatGenerator(copy.deepcopy(generator), device, torch.float32)
    fast = fast_precisions(device)
    reasons = []
    for candidate in fast if precision == "auto" else (Precision(precision),):
        name = name_path(device, candidate)
        if candidate is Precision.FLOAT32:
            return ChosenPath(reference, candidate, name, None)
        if candidate not in fast and not _is_native(device, candidate):
            raise PrecisionError(f"{device} has no fast instructions for {candidate}")
        try:
            path = _build_path(generator, spec, device, candidate)
        except NotQuantizableError as error:
            reasons.append(f"{candidate}: {error}")
            continue
        psnr_db = _measure_psnr(path, reference, spec, device)
        if psnr_db >= _MIN_PSNR_DB:
            return ChosenPath(path, candidate, name, psnr_db)
        reasons.append(f"{candidate}: {psnr_db:.1f} dB from float32, less than {_MIN_PSNR_DB:g}")
        _log.info("not used, %s", reasons[-1])
    raise PrecisionError("; ".join(reasons))


def name_path(device: torch.device, precision: Precision) -> str:
    """Name the device, precision, library and version: what may move a pixel by a level."""
    release = f"torch{torch.__version__.split('+')[0]}"
    version = _VERSION
    if device.type == "cuda":
        unit = torch.cuda.get_device_name(device)
        # One release of torch is built with several of cuDNN, which has the kernels.
        release += f"-cudnn{torch.backends.cudnn.version()}"
        version = _CUDA_VERSION
    else:
        unit = torch.backends.cpu.get_cpu_capability()
    unit = re.sub(r"[^a-z0-9]+", "-", unit.lower()).strip("-")
    return f"{device.type}-{unit}-{precision}-{release}-v{version}"


def to_tensors(latents: Latents, device: torch.device) -> tuple[Tensor, Tensor | None]:
    """Move `latents` to `device` as z (n, z_dim) and labels (n,) or None."""
    z = torch.from_numpy(latents.z).to(device)
    if latents.labels is None:
        return z, None
    return z, torch.from_numpy(latents.labels).to(device)


def _is_native(device: torch.device, precision: Precision) -> bool:
    """Whether `precision` is fast though never chosen: bfloat16, where CUDA has float16 too."""
    is_bfloat16_on_cuda = device.type == "cuda" and precision is Precision.BFLOAT16
    return is_bfloat16_on_cuda and torch.cuda.is_bf16_supported(including_emulation=False)


def _build_path(
    generator: nn.Module, spec: GeneratorSpec, device: torch.device, precision: Precision
) -> NumericPath:
    if precision is Precision.INT8:
        calibration = sample_latents(spec, _CALIBRATION_SEEDS)
        return QuantizedGenerator(generator, *to_tensors(calibration, device))
    dtype = {Precision.FLOAT16: torch.float16, Precision.BFLOAT16: torch.bfloat16}[precision]
    return FloatGenerator(copy.deepcopy(generator), device, dtype)


def _measure_psnr(
    path: NumericPath, reference: NumericPath, spec: GeneratorSpec, device: torch.device
) -> float:
    """Return the peak signal-to-noise ratio of the path's pixels in dB; 0 for no numbers."""
    tensors = to_tensors(sample_latents(spec, _PSNR_SEEDS), device)
    difference = path.pixels(*tensors).double() - reference.pixels(*tensors).double()
    mean_square = difference.square().mean().item()
    if not mean_square:
        return float("inf")
    return 10 * float(torch.log10(torch.tensor(255.0**2 / mean_square)))

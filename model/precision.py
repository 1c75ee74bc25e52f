"""`Precision`: the number format of a forward pass, chosen from what the device computes fast.

The choice is a function of the hardware, the settings and the checkpoint, never of a timing:
it decides pixels, so a restart must make it again.
"""

from __future__ import annotations

from enum import StrEnum

import torch


class Precision(StrEnum):
    """How a generator's weights and activations are held while it renders."""

    INT8 = "int8"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    FLOAT32 = "float32"


def fast_precisions(device: torch.device) -> tuple[Precision, ...]:
    """Return what `device` has fast instructions for, fastest first; float32 comes last.

    On the CPU int8 needs VNNI, whose sums do not saturate, and bfloat16 needs its dot
    products: without them both are emulated and slower than float32 (docs/benchmarks.md).
    On CUDA float16 has three more bits than bfloat16 at the same speed.
    """
    if device.type == "cuda":
        return (Precision.FLOAT16, Precision.FLOAT32)
    flags = cpu_flags()
    fast = []
    if "avx512_vnni" in flags:
        fast.append(Precision.INT8)
    if flags & {"avx512_bf16", "amx_bf16"}:
        fast.append(Precision.BFLOAT16)
    return (*fast, Precision.FLOAT32)


def cpu_flags() -> frozenset[str]:
    """Return the names of the instruction sets that this CPU has; none where torch cannot tell."""
    # torch before 2.12 has no such function.
    read = getattr(torch.cpu, "get_capabilities", dict)
    return frozenset(name for name, value in read().items() if value is True)

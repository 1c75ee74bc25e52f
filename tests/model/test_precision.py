"""Claims on the number formats that a device is fast in: a function of its instructions alone."""

from __future__ import annotations

import pytest
import torch

from model.precision import Precision, cpu_flags, fast_precisions

INT8, BFLOAT16, FLOAT32 = Precision.INT8, Precision.BFLOAT16, Precision.FLOAT32
CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("flags", "order"),
    [
        ((), [FLOAT32]),
        (("avx2", "fma3"), [FLOAT32]),
        (("avx2", "avx_vnni"), [FLOAT32]),  # no 512 bits
        (("avx512_f", "avx512_bw"), [FLOAT32]),
        (("avx512_f", "avx512_vnni"), [INT8, FLOAT32]),
        (("avx512_f", "avx512_vnni", "avx512_bf16"), [INT8, BFLOAT16, FLOAT32]),
        (("avx512_bf16",), [BFLOAT16, FLOAT32]),
        (("amx_bf16",), [BFLOAT16, FLOAT32]),
        (("amx_bf16", "avx512_bf16", "avx512_vnni", "amx_int8"), [INT8, BFLOAT16, FLOAT32]),
    ],
)
def test_what_a_cpu_has_instructions_for_comes_fastest_first(
    monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], order: list[Precision]
) -> None:
    read = {name: name in flags for name in ("avx2", "avx512_vnni", "avx512_bf16", "amx_bf16")}
    read |= dict.fromkeys(flags, True)
    capabilities: dict[str, object] = {**read, "architecture": "x86_64", "l1d_cache_size": 1}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert cpu_flags() == set(flags)
    assert fast_precisions(CPU) == tuple(order)


def test_where_torch_cannot_tell_a_cpu_is_fast_in_float32_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert cpu_flags() == frozenset()
    assert fast_precisions(CPU) == (FLOAT32,)


@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_gpu_is_fast_in_float16_whatever_the_cpu_has(
    monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    monkeypatch.setattr("model.precision.cpu_flags", lambda: frozenset({"avx512_vnni"}))
    assert fast_precisions(torch.device(device)) == (Precision.FLOAT16, FLOAT32)


def test_this_machine_gives_the_same_answer_again() -> None:
    assert fast_precisions(CPU) == fast_precisions(CPU)
    assert fast_precisions(CPU)[-1] is FLOAT32

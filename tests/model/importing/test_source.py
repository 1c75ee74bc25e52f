"""Claims on reading foreign files: nothing in them is run, and a refusal is one line."""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import pickle
import sys
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from model.importing.import_error import ForeignError
from model.importing.source import check_tensor, read_source


class Call:
    """What pickle turns into a call of `function` when it is loaded."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self._call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self._call


def refusal(path: Path) -> str:
    with pytest.raises(ForeignError) as refused:
        read_source(path)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("name", ["system", "popen"])
def test_a_pickle_that_calls_a_function_is_refused_and_does_not_call_it(
    name: str, is_zip: bool, tmp_path: Path
) -> None:
    trace, file = tmp_path / "trace", tmp_path / "netG.pth"
    content = {"netG": {"w": torch.ones(2)}, "note": Call(getattr(os, name), f"touch {trace}")}
    torch.save(content, file, _use_new_zipfile_serialization=is_zip)
    assert "so nothing was read" in refusal(file)
    assert name in refusal(file)
    assert not trace.exists()


def test_a_bare_pickle_as_of_nvlabs_is_refused_with_what_to_do(tmp_path: Path) -> None:
    trace, file = tmp_path / "trace", tmp_path / "network-snapshot.pkl"
    file.write_bytes(pickle.dumps({"G_ema": Call(os.system, f"touch {trace}")}))
    shown = refusal(file)
    assert "bare pickle" in shown
    assert "generator.state_dict()" in shown
    assert not trace.exists()


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
def test_a_whole_saved_module_is_refused_with_what_to_do(is_zip: bool, tmp_path: Path) -> None:
    file = tmp_path / "netG.pth"
    torch.save(nn.Sequential(nn.Linear(2, 2)), file, _use_new_zipfile_serialization=is_zip)
    shown = refusal(file)
    assert "live modules" in shown
    assert "generator.state_dict()" in shown


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_torchscript_program_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "net.pt"
    torch.jit.trace(nn.Linear(2, 2), torch.ones(1, 2)).save(file)
    assert "TorchScript" in refusal(file)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 cut", b"\x89HDF\r\n"])
def test_what_is_no_file_of_torch_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "netG.pth"
    file.write_bytes(content)
    assert "netG.pth" in refusal(file)


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("part", range(1, 20))
def test_a_file_that_is_cut_short_anywhere_is_refused(
    part: int, is_zip: bool, tmp_path: Path
) -> None:
    buffer = io.BytesIO()
    content = {"main.0.weight": torch.randn(8, 8, 4, 4)}
    torch.save(content, buffer, _use_new_zipfile_serialization=is_zip)
    file = tmp_path / "netG.pth"
    file.write_bytes(buffer.getvalue()[: part * len(buffer.getvalue()) // 20])
    assert "netG.pth" in refusal(file)


def test_an_archive_that_would_grow_is_refused_before_it_does(tmp_path: Path) -> None:
    plain, file = tmp_path / "plain.pth", tmp_path / "netG.pth"
    torch.save({"w": torch.zeros(1_000_000)}, plain)
    with (
        zipfile.ZipFile(plain) as source,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in source.namelist():
            packed.writestr(name, source.read(name))
    assert "is compressed" in refusal(file)


def test_weights_that_are_whole_numbers_are_refused() -> None:
    with pytest.raises(ForeignError, match=r"'c\.weight' is torch\.int64"):
        check_tensor("c.weight", torch.ones(2, dtype=torch.int64))
    assert check_tensor("n.num_batches_tracked", torch.tensor(3)) == 3


def test_settings_and_numbers_beside_the_tensors_are_no_hindrance(tmp_path: Path) -> None:
    file = tmp_path / "netG.pth"
    content = {
        "opt": argparse.Namespace(nz=100, out=Path("runs")),
        "loss": np.float64(1.5),
        "step": np.int64(7),
        "netG": {"w": torch.ones(2)},
    }
    torch.save(content, file)
    assert torch.equal(read_source(file).content["netG"]["w"], torch.ones(2))


def test_settings_of_gan_zoo_and_lightning_are_read_without_these_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = {}
    for path, name, parent in (
        ("models.utils.config", "BaseConfig", object),
        ("lightning.fabric.utilities.data", "AttributeDict", dict),
    ):
        kinds[name] = type(name, (parent,), {"__module__": path})
        parts = path.split(".")
        for depth in range(1, len(parts) + 1):
            module_name = ".".join(parts[:depth])
            monkeypatch.setitem(sys.modules, module_name, types.ModuleType(module_name))
        monkeypatch.setattr(sys.modules[path], name, kinds[name], raising=False)
    config, attributes = kinds["BaseConfig"], kinds["AttributeDict"]
    settings = config()
    settings.depth = 3
    file = tmp_path / "netG.pth"
    content = {"config": settings, "hyper_parameters": attributes(lr=0.1), "w": torch.ones(2)}
    torch.save(content, file)
    monkeypatch.undo()
    read = read_source(file).content
    assert read["hyper_parameters"] == {"lr": 0.1}
    assert type(read["config"]).__module__ == "model.importing.source"
    assert torch.equal(read["w"], torch.ones(2))


def test_safetensors_are_read_and_the_sha256_is_the_files(tmp_path: Path) -> None:
    file = tmp_path / "netG.safetensors"
    safetensors.torch.save_file({"w": torch.ones(3)}, file)
    source = read_source(file)
    assert torch.equal(source.content["w"], torch.ones(3))
    assert source.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_tensor_that_claims_more_than_it_has_is_refused() -> None:
    with pytest.raises(ForeignError, match="claims more numbers"):
        check_tensor("w", torch.ones(1).expand(10**12))
    with pytest.raises(ForeignError, match="not a plain one"):
        check_tensor("w", torch.empty(10**12, device="meta"))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ForeignError, match="'w' holds a value that is not finite"):
        check_tensor("w", torch.tensor([1.0, value]))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floating_numbers_become_float32(dtype: torch.dtype) -> None:
    assert check_tensor("w", torch.ones(2, dtype=dtype)).dtype == torch.float32

"""`Source`: what a foreign file holds, read without running anything of it."""

from __future__ import annotations

import argparse
import hashlib
import pickle
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor
from torch.serialization import safe_globals

from model.importing.import_error import ForeignError

_MAX_BYTES = 4 * 2**30
_LIVE_MODULE = re.compile(r"persist|dnnlib|torch_utils|legacy|networks|Generator|torch\.nn\.")


class _Settings:
    """Stands for a project's object of plain settings; holds its fields and does nothing."""


class _SettingsDict(dict[str, Any]):
    """Stands for a project's dictionary of settings."""


# Classes that hold settings beside the tensors of these projects' files. Their names are
# answered with empty stand-ins: nothing of the projects is imported, or need be installed.
_STAND_INS: list[Any] = [
    argparse.Namespace,
    (_Settings, "models.utils.config.BaseConfig"),  # pytorch_GAN_zoo
    (_SettingsDict, "pytorch_lightning.utilities.parsing.AttributeDict"),
    (_SettingsDict, "lightning.pytorch.utilities.parsing.AttributeDict"),
    (_SettingsDict, "lightning_fabric.utilities.data.AttributeDict"),
    (_SettingsDict, "lightning.fabric.utilities.data.AttributeDict"),
]


@dataclass(frozen=True)
class Source:
    """The content of a file: nested dictionaries with tensors in them; its name and sha256."""

    name: str
    sha256: str
    content: Any


def read_source(path: Path) -> Source:
    """Read a file of torch.save, old or new, or of safetensors.

    ForeignError in one line if the file would have code run, or is of another kind.
    """
    size = path.stat().st_size
    if size > _MAX_BYTES:
        raise ForeignError(f"{path.name} has {size} bytes, more than any generator of this family")
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Source(path.name, sha256, _read_content(path))


def _read_content(path: Path) -> Any:
    if path.suffix in (".h5", ".keras", ".jl", ".npy", ".onnx"):
        raise ForeignError(f"{path.name} is no PyTorch file: only those of torch.save are read")
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        _refuse_script(path)
        with safe_globals(_STAND_INS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ForeignError(_explain(path.name, str(error))) from error
    except (RuntimeError, EOFError, ValueError, KeyError, TypeError, SafetensorError) as error:
        if isinstance(error, ForeignError):
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ForeignError(f"{path.name} is not a file of torch.save: {reason}") from error


def _refuse_script(path: Path) -> None:
    """Refuse a TorchScript archive: it is a program, not a set of tensors."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                raise ForeignError(
                    f"{path.name} is a TorchScript program: save the state_dict() of the generator"
                )


def _explain(name: str, reason: str) -> str:
    """Say in one line what the file wanted to run, and what to do instead."""
    found = re.search(r"(?:GLOBAL|class|global:?) `?([A-Za-z_][\w.]*\.[\w.]+)", reason)
    if found is None:
        return f"{name} is no file of torch.save that holds only tensors, so nothing was read"
    wanted = found[1].rstrip(".")
    instead = "save generator.state_dict() in its own project and import that file"
    if _LIVE_MODULE.search(wanted):
        return (
            f"{name} holds live modules ({wanted}), whose loading runs code, so nothing was "
            f"read: {instead}"
        )
    return f"{name} would have {wanted} called, so nothing was read: {instead}"


def check_tensor(name: str, tensor: Tensor) -> Tensor:
    """Return the tensor in float32 (integers as they are).

    ForeignError if it claims more numbers than the file has, or holds one that is not finite.
    """
    if tensor.device.type != "cpu" or tensor.layout != torch.strided or tensor.is_complex():
        raise ForeignError(f"tensor {name!r} is not a plain one")
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ForeignError(f"tensor {name!r} claims more numbers than the file holds")
    if not tensor.is_floating_point():
        return tensor
    tensor = tensor.detach().float().contiguous()
    if not tensor.isfinite().all():
        raise ForeignError(f"tensor {name!r} holds a value that is not finite: training diverged")
    return tensor

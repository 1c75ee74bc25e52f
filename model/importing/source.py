"""`Source`: what a foreign file holds, read without running anything of it."""

from __future__ import annotations

import argparse
import hashlib
import pathlib
import pickle
import re
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor
from torch.serialization import safe_globals

from model.importing.import_error import ForeignError

_MAX_BYTES = 4 * 2**30
_LIVE_MODULE = re.compile(r"persist|dnnlib|torch_utils|legacy|networks|Generator|torch\.nn\.")
_INSTEAD = "torch.save(generator.state_dict(), ...) in its own project, and import that file"


class _Settings:
    """Stands for a project's object of plain settings; holds its fields and does nothing."""


# The function that NumPy's own pickles of single numbers name.
_numpy_scalar: Any = np.float64(0).__reduce__()[0]

# Classes that hold settings beside the tensors of these projects' files. Their names are
# answered with empty stand-ins: nothing of the projects is imported, or need be installed.
_STAND_INS: list[Any] = [
    argparse.Namespace,
    (_Settings, "models.utils.config.BaseConfig"),  # pytorch_GAN_zoo
    (OrderedDict, "pytorch_lightning.utilities.parsing.AttributeDict"),
    (OrderedDict, "lightning.pytorch.utilities.parsing.AttributeDict"),
    (OrderedDict, "lightning_fabric.utilities.data.AttributeDict"),
    (OrderedDict, "lightning.fabric.utilities.data.AttributeDict"),
    (pathlib.PurePosixPath, "pathlib.PosixPath"),
    (pathlib.PurePosixPath, "pathlib._local.PosixPath"),
    # Numbers that NumPy made, such as a mean loss.
    np.dtype,
    *{type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i4", "i8", "u1", "?")},
    (_numpy_scalar, "numpy._core.multiarray.scalar"),
    (_numpy_scalar, "numpy.core.multiarray.scalar"),
]
# What torch.save wrote before it wrote zip archives begins with a pickle of this number.
_OLD_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_ZIP_MAGIC = b"PK\x03\x04"


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
        _refuse_others(path)
        with safe_globals(_STAND_INS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ForeignError(_explain(path.name, str(error))) from error
    except (
        RuntimeError,
        EOFError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        zipfile.BadZipFile,
        SafetensorError,
    ) as error:
        if isinstance(error, ForeignError):
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ForeignError(f"{path.name} is not a file of torch.save: {reason}") from error


def _refuse_others(path: Path) -> None:
    """Refuse a bare pickle and a TorchScript archive: they are programs, not sets of tensors."""
    with path.open("rb") as file:
        start = file.read(len(_OLD_MAGIC))
    if start.startswith(_ZIP_MAGIC):
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
        if any(entry.filename.endswith("/constants.pkl") for entry in entries):
            raise ForeignError(f"{path.name} is a TorchScript program: {_INSTEAD}")
        # torch.save never compresses: what would grow when it is read is no work of its.
        if sum(entry.file_size for entry in entries) > path.stat().st_size:
            raise ForeignError(f"{path.name} is compressed, as no file of torch.save is")
    elif start.startswith(b"\x80") and start != _OLD_MAGIC:
        raise ForeignError(
            f"{path.name} is a bare pickle, such as NVLabs' and R3GAN's of live modules, whose "
            f"loading runs what is in it, so nothing was read: {_INSTEAD}"
        )
    elif start != _OLD_MAGIC:
        raise ForeignError(f"{path.name} is not a file of torch.save")


def _explain(name: str, reason: str) -> str:
    """Say in one line what the file wanted to run, and what to do instead."""
    found = re.search(r"(?:GLOBAL|class|global:?) `?([A-Za-z_][\w.]*\.[\w.]+)", reason)
    if found is None:
        return f"{name} is no file of torch.save that holds only tensors, so nothing was read"
    wanted = found[1].rstrip(".")
    if _LIVE_MODULE.search(wanted):
        return (
            f"{name} holds live modules ({wanted}), whose loading runs code, so nothing was "
            f"read: {_INSTEAD}"
        )
    return f"{name} would have {wanted} called, so nothing was read: {_INSTEAD}"


def check_tensor(name: str, tensor: Tensor) -> Tensor:
    """Return the tensor in float32 (integers as they are).

    ForeignError if it claims more numbers than the file has, or holds one that is not finite.
    """
    if tensor.device.type != "cpu" or tensor.layout != torch.strided or tensor.is_complex():
        raise ForeignError(f"tensor {name!r} is not a plain one")
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ForeignError(f"tensor {name!r} claims more numbers than the file holds")
    if not tensor.is_floating_point():
        if name.endswith(("weight", "bias", "running_mean", "running_var")):
            raise ForeignError(f"tensor {name!r} is {tensor.dtype}, not in floating point")
        return tensor
    tensor = tensor.detach().float().contiguous()
    if not tensor.isfinite().all():
        raise ForeignError(f"tensor {name!r} holds a value that is not finite: training diverged")
    return tensor

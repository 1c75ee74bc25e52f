"""Finding the generator's tensors in what a training script saved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from model.importing.import_error import ForeignError
from model.importing.source import check_tensor

StateDict = dict[str, Tensor]

# Averages first: they are what their projects sample from.
_NAMES = (
    *("g_ema", "G_ema", "netG_ema", "G_EMA", "ema_generator", "generator_ema", "avgG", "ema"),
    *("generator", "Generator", "netG", "G", "gen", "netG_state_dict", "generator_state_dict"),
    *("G_state_dict", "gen_state_dict", "model_state_dict", "state_dict", "model"),
)
_PREFIXES = ("module.", "_orig_mod.")  # of DataParallel and of torch.compile


def find_state_dict(content: Any, key: str | None) -> StateDict:
    """Return the generator's tensors by name, in the order of the file.

    `key` is the path to them, parts divided by "/"; its last part may be a prefix of names.
    ForeignError if there is none, or if it is not plain which.
    """
    if not isinstance(content, Mapping):
        raise ForeignError(
            f"the file holds a {type(content).__name__}, not a dictionary of tensors"
        )
    found = _follow(content, key) if key else _search(content)
    tensors = {name: value for name, value in found.items() if isinstance(value, Tensor)}
    tensors = {name: check_tensor(name, tensor) for name, tensor in tensors.items()}
    return _fold_spectral_norm(_strip(tensors))


def _follow(content: Mapping[Any, Any], key: str) -> Mapping[str, Any]:
    for part in key.split("/"):
        if isinstance(content.get(part), Mapping):
            content = content[part]
            continue
        prefix = part.rstrip(".") + "."
        content = {
            name.removeprefix(prefix): value
            for name, value in _tensors(content).items()
            if name.startswith(prefix)
        }
    if not _tensors(content):
        raise ForeignError(f"there are no tensors under --key {key}")
    return content


def _search(content: Mapping[Any, Any]) -> Mapping[str, Any]:
    if _tensors(content):
        return _inside(_tensors(content))
    for name in _NAMES:
        part = content.get(name)
        if isinstance(part, Mapping) and _tensors(part):
            return _inside(_tensors(part))
    names = ", ".join(sorted(str(name) for name in content)[:20])
    raise ForeignError(f"it is not plain where the generator is: say --key with one of: {names}")


def _inside(tensors: StateDict) -> StateDict:
    """Pick the generator of a dictionary that holds the whole model under prefixes."""
    for name in _NAMES[:-3]:  # parts of a generator are called "model" too
        prefix = name + "."
        part = {key: tensor for key, tensor in tensors.items() if key.startswith(prefix)}
        # A network may call its only part "model" or "gen", but none calls it "netG".
        if part and (len(part) < len(tensors) or name in ("generator", "netG", "G")):
            return {key.removeprefix(prefix): tensor for key, tensor in part.items()}
    return tensors


def _tensors(content: Mapping[Any, Any]) -> StateDict:
    return {
        name: value
        for name, value in content.items()
        if isinstance(name, str) and isinstance(value, Tensor)
    }


def _strip(tensors: StateDict) -> StateDict:
    for prefix in _PREFIXES:
        if tensors and all(name.startswith(prefix) for name in tensors):
            return _strip({name.removeprefix(prefix): value for name, value in tensors.items()})
    return tensors


_OLD_NORM = re.compile(r"(.*)weight_orig$")
_NEW_NORM = re.compile(r"(.*)parametrizations\.weight\.original$")


def _fold_spectral_norm(tensors: StateDict) -> StateDict:
    """Divide spectrally normalised weights by the norm that evaluation mode uses.

    Miyato et al., 2018, equation 8, with the singular vectors as they were saved.
    """
    folded: StateDict = {}
    for name, tensor in tensors.items():
        if match := _OLD_NORM.match(name):
            module = match[1]
            vectors = tensors.get(f"{module}weight_u"), tensors.get(f"{module}weight_v")
        elif match := _NEW_NORM.match(name):
            module = match[1]
            inner = f"{module}parametrizations.weight.0."
            vectors = tensors.get(f"{inner}_u"), tensors.get(f"{inner}_v")
        else:
            if not re.search(r"weight_[uv]$|parametrizations\.weight\.0\._[uv]$", name):
                folded[name] = tensor
            continue
        folded[f"{module}weight"] = _normalised(name, tensor, *vectors)
    return folded


def _normalised(name: str, weight: Tensor, u: Tensor | None, v: Tensor | None) -> Tensor:
    if u is None or v is None:
        raise ForeignError(f"the singular vectors of {name!r} are missing")
    matrix = weight.flatten(1)
    if matrix.shape != (len(u), len(v)):  # a transposed convolution's rows are its outputs
        matrix = weight.transpose(0, 1).flatten(1)
    if matrix.shape != (len(u), len(v)):
        raise ForeignError(f"the singular vectors of {name!r} do not fit it")
    return weight / torch.dot(u, matrix @ v)

"""`Checkpoint`: a generator ready to serve, in one safetensors file that describes itself.

The tensors are the generator's under `generator.`, `golden.pixels` and, where it has them,
`directions.vectors` and the discriminator's under `discriminator.`; everything else is JSON in
the file's metadata. A reader runs nothing from the file, and refuses what does not fit, by
content and never by name.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from model.directions import Directions
from model.discriminators import HeldDiscriminator, empty_discriminator
from model.generators import build_generator
from model.golden import GOLDEN_SEEDS, Golden
from model.latents import LATENT_SCHEME
from model.provenance import Provenance
from model.safetensors_header import HeaderError, SafetensorsHeader, TensorEntry, read_header
from model.spec import GeneratorSpec, SpecError

FORMAT_VERSION = "1"
_OUTPUT_RANGE = "[-1, 1]"
_PREFIX = "generator."
_GOLDEN = "golden.pixels"
_DIRECTIONS = "directions.vectors"
_DISCRIMINATOR = "discriminator"  # of the metadata; with a dot, of its tensors
_DTYPES = {torch.float32: "F32", torch.int64: "I64", torch.uint8: "U8"}


class CheckpointError(ValueError):
    """A file that is no checkpoint, or not one of this version; the message says why."""


@dataclass(frozen=True)
class Checkpoint:
    """Everything that serving needs. `digest` is the sha256 of the file, "" before writing."""

    spec: GeneratorSpec
    weights: Mapping[str, Tensor]
    golden: Golden
    provenance: Provenance
    class_names: tuple[str, ...] = ()
    attribute_names: tuple[str, ...] = ()
    latent_scheme: str = LATENT_SCHEME
    digest: str = ""
    directions: Directions = field(default_factory=Directions)
    discriminator: HeldDiscriminator | None = None


def write_checkpoint(checkpoint: Checkpoint, path: Path) -> Checkpoint:
    """Write the file whole or not at all, and return the checkpoint with its digest."""
    metadata = {
        "format_version": FORMAT_VERSION,
        "spec": checkpoint.spec.to_json(),
        "latent_scheme": checkpoint.latent_scheme,
        "output_range": _OUTPUT_RANGE,
        "class_names": json.dumps(checkpoint.class_names),
        "attribute_names": json.dumps(checkpoint.attribute_names),
        "provenance": checkpoint.provenance.to_json(),
        "golden": json.dumps(dict(checkpoint.golden.hashes), sort_keys=True),
    }
    tensors = {_PREFIX + name: weight.contiguous() for name, weight in checkpoint.weights.items()}
    tensors[_GOLDEN] = torch.from_numpy(checkpoint.golden.pixels)
    if len(checkpoint.directions):
        metadata["directions"] = checkpoint.directions.to_json()
        tensors[_DIRECTIONS] = torch.from_numpy(checkpoint.directions.vectors)
    if (held := checkpoint.discriminator) is not None:
        metadata[_DISCRIMINATOR] = held.to_json()
        tensors |= {f"{_DISCRIMINATOR}.{k}": v.contiguous() for k, v in held.weights.items()}
    content = _sort_header(safetensors.torch.save(tensors, metadata))
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".partial", delete=False) as file:
        partial = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            partial.chmod(0o644)  # a temporary file is private, a checkpoint is not
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    return replace(checkpoint, digest=hashlib.sha256(content).hexdigest())


def _sort_header(content: bytes) -> bytes:
    """Order the header's keys: the library's order is random, and the digest must not be."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8:end]), sort_keys=True, separators=(",", ":"))
    header += " " * (-len(header) % 8)  # the format aligns its data
    return len(header).to_bytes(8, "little") + header.encode() + content[end:]


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint. CheckpointError names the file and what is wrong with it."""
    try:
        header = read_header(path)
        spec = _read_spec(header)
        _check_tensors(header, spec)
        content = path.read_bytes()
        tensors = safetensors.torch.load(content)
        return _assemble(header, spec, tensors, hashlib.sha256(content).hexdigest())
    except (OSError, HeaderError, SpecError, CheckpointError, SafetensorError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise CheckpointError(f"{path.name} cannot be read as a checkpoint: {reason}") from error


def _read_spec(header: SafetensorsHeader) -> GeneratorSpec:
    metadata = header.metadata
    version = metadata.get("format_version")
    if version is None:
        raise CheckpointError("it has no format_version, so it was not exported by ganloom")
    if version != FORMAT_VERSION:
        raise CheckpointError(
            f"it has format version {version}, and this program reads version {FORMAT_VERSION}"
        )
    for key, expected in (("latent_scheme", LATENT_SCHEME), ("output_range", _OUTPUT_RANGE)):
        if metadata.get(key) != expected:
            raise CheckpointError(
                f"its {key} is {metadata.get(key)!r}, this program's {expected!r}"
            )
    return GeneratorSpec.from_json(metadata.get("spec", ""))


def _check_tensors(header: SafetensorsHeader, spec: GeneratorSpec) -> None:
    """Require exactly the tensors of the networks that the metadata describe."""
    with torch.device("meta"):  # shapes without memory: the spec is still only a claim
        generator = build_generator(spec)
    expected = _entries(_PREFIX, generator)
    if _DISCRIMINATOR in header.metadata:
        held = HeldDiscriminator.from_json(header.metadata[_DISCRIMINATOR], {})
        expected |= _entries(f"{_DISCRIMINATOR}.", empty_discriminator(spec, held))
    expected[_GOLDEN] = TensorEntry("U8", (len(GOLDEN_SEEDS), *spec.pixels_shape))
    if "directions" in header.metadata:
        found = header.tensors.get(_DIRECTIONS, TensorEntry("F32", (0,)))
        count = found.shape[0] if found.shape else 0
        expected[_DIRECTIONS] = TensorEntry("F32", (count, spec.z_dim))
    if missing := sorted(set(expected) - set(header.tensors)):
        raise CheckpointError(f"it lacks the tensor {missing[0]!r}")
    if unknown := sorted(set(header.tensors) - set(expected)):
        raise CheckpointError(f"it has a tensor {unknown[0]!r} that its networks do not have")
    for name, entry in expected.items():
        if header.tensors[name] != entry:
            found = header.tensors[name]
            raise CheckpointError(
                f"tensor {name!r} is {found.dtype} {found.shape}, not {entry.dtype} {entry.shape}"
            )


def _entries(prefix: str, network: nn.Module) -> dict[str, TensorEntry]:
    return {
        prefix + name: TensorEntry(_DTYPES[tensor.dtype], tuple(tensor.shape))
        for name, tensor in network.state_dict().items()
    }


def _assemble(
    header: SafetensorsHeader, spec: GeneratorSpec, tensors: dict[str, Tensor], digest: str
) -> Checkpoint:
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise CheckpointError(f"tensor {name!r} holds a value that is not finite")
    try:
        hashes = {
            str(numeric_path): tuple(str(digest) for digest in digests)
            for numeric_path, digests in json.loads(header.metadata["golden"]).items()
        }
        class_names = _names(header.metadata["class_names"], spec.num_classes)
        attribute_names = _names(header.metadata["attribute_names"], None)
        provenance = Provenance.from_json(header.metadata["provenance"])
        directions = _read_directions(header, tensors)
    except (KeyError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise CheckpointError(f"its metadata are malformed: {error}") from error
    return Checkpoint(
        spec=spec,
        weights=_below(_PREFIX, tensors),
        golden=Golden(tensors[_GOLDEN].numpy(), hashes),
        provenance=provenance,
        class_names=class_names,
        attribute_names=attribute_names,
        digest=digest,
        directions=directions,
        discriminator=_read_discriminator(header, tensors),
    )


def _read_directions(header: SafetensorsHeader, tensors: dict[str, Tensor]) -> Directions:
    if _DIRECTIONS not in tensors:
        return Directions()
    return Directions.from_json(header.metadata["directions"], tensors[_DIRECTIONS].numpy())


def _read_discriminator(
    header: SafetensorsHeader, tensors: dict[str, Tensor]
) -> HeldDiscriminator | None:
    if _DISCRIMINATOR not in header.metadata:
        return None
    weights = _below(f"{_DISCRIMINATOR}.", tensors)
    return HeldDiscriminator.from_json(header.metadata[_DISCRIMINATOR], weights)


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _names(text: str, count: int | None) -> tuple[str, ...]:
    names: Any = json.loads(text)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("names must be a list of strings")
    "".join(names).encode()  # ValueError for half a surrogate pair, which no response can carry
    if count is not None and len(names) != count:
        raise ValueError(f"there are {len(names)} class names for {count} classes")
    return tuple(names)

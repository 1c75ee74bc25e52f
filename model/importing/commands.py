"""The command `import`: a foreign file in, a checkpoint out."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from model.checkpoint import Checkpoint, write_checkpoint
from model.discovery import add_discovered
from model.generators import load_generator
from model.golden import Golden
from model.importing.foreign import Foreign
from model.importing.hints import Hints
from model.importing.import_error import ForeignError
from model.importing.layouts import find_layout
from model.importing.source import Source, read_source
from model.importing.state_dict import find_state_dict
from model.latents import sample_latents
from model.numeric_path import to_tensors
from model.provenance import Provenance, software_versions
from model.sealing import seal_checkpoint

_PARITY_SEEDS = range(16)
_MAX_DIFFERENCE = 1e-5


def run_import(arguments: argparse.Namespace) -> None:
    """Import `arguments.file`, prove that nothing changed, and write the checkpoint."""
    hints = read_hints(arguments)
    source = read_source(arguments.file)
    foreign = understand(source, hints)
    difference = measure_difference(foreign)
    if not difference <= _MAX_DIFFERENCE:
        raise ForeignError(
            f"the imported generator is {difference:.2g} off the original, more than "
            f"{_MAX_DIFFERENCE:g}: it is not written"
        )
    names = _class_names(arguments.class_names, foreign.spec.num_classes)
    draft = Checkpoint(
        spec=foreign.spec,
        weights=foreign.weights,
        golden=Golden.unknown(foreign.spec),
        provenance=Provenance(
            preset="imported",
            dataset=arguments.dataset,
            licence=arguments.licence,
            credit=arguments.credit,
            software=software_versions(),
            source_sha256=source.sha256,
        ),
        class_names=names,
    )
    checkpoint = write_checkpoint(seal_checkpoint(add_discovered(draft)), arguments.out)
    _report(arguments.out, foreign, difference, checkpoint.digest)


def understand(source: Source, hints: Hints) -> Foreign:
    """Find the generator in `source` and read it; ForeignError names the file and the reason."""
    try:
        state = find_state_dict(source.content, hints.key)
        if not state:
            raise ForeignError("there are no tensors in it")
        return find_layout(state, hints.layout).read(state, hints)
    except ForeignError as error:
        raise ForeignError(f"{source.name} cannot be imported: {error}") from error


@torch.inference_mode()
def measure_difference(foreign: Foreign) -> float:
    """Return how far the images of 16 seeds are from the original's, at most."""
    latents = sample_latents(foreign.spec, _PARITY_SEEDS)
    z, labels = to_tensors(latents, torch.device("cpu"))
    images = load_generator(foreign.spec, foreign.weights)(z, labels)
    original = foreign.render(z, labels)
    if images.shape != original.shape:
        raise ForeignError(f"the original gives {tuple(original.shape)}, not {tuple(images.shape)}")
    return float((images - original).abs().max())


def read_hints(arguments: argparse.Namespace) -> Hints:
    """Gather the flags. ValueError if a list has anything but numbers."""
    return Hints(
        layout=None if arguments.architecture == "auto" else arguments.architecture,
        key=arguments.key,
        output_range=arguments.output_range,
        stride=_whole_numbers("--stride", arguments.stride),
        padding=_whole_numbers("--padding", arguments.padding),
        output_padding=_whole_numbers("--output-padding", arguments.output_padding),
        upsample=_whole_numbers("--upsample", arguments.upsample),
        bn_eps=_numbers("--bn-eps", arguments.bn_eps),
        norm=arguments.norm,
        square_kind=arguments.square_convolutions,
        activation=tuple(arguments.activation.split(",")) if arguments.activation else (),
        slope=arguments.slope,
        image_size=arguments.image_size,
        num_classes=arguments.classes,
        has_labels_first=True if arguments.labels_first else None,
    )


def _whole_numbers(flag: str, text: str) -> tuple[int, ...]:
    parts = text.split(",") if text else []
    if not all(part.strip().isdecimal() for part in parts):
        raise ValueError(f"{flag} takes whole numbers such as 1,2,2, not {text!r}")
    return tuple(int(part) for part in parts)


def _numbers(flag: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError as error:
        raise ValueError(f"{flag} takes numbers such as 1e-5,0.8,0.8, not {text!r}") from error


def _class_names(text: str, num_classes: int) -> tuple[str, ...]:
    if not text:
        return tuple(str(number) for number in range(num_classes))
    names = tuple(name.strip() for name in text.split(","))
    if len(names) != num_classes:
        raise ValueError(f"--class-names has {len(names)} names for {num_classes} classes")
    return names


def _report(out: Path, foreign: Foreign, difference: float, digest: str) -> None:
    spec = foreign.spec
    size = " x ".join(map(str, (*spec.img_size, spec.img_channels)))
    classes = f", {spec.num_classes} classes" if spec.num_classes else ""
    print(f"{out}: {foreign.layout} as {spec.architecture}, {size}, z of {spec.z_dim}{classes}")
    print(f"at most {difference:.1e} off the original on 16 seeds, digest {digest}")
    print(f"look at it:  python -m model sample {out} --seeds 0-63 --out sheet.png")
    print(f"serve it:    python -m app --weights {out.parent}")
